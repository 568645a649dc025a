import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { dispatch } from "../services/webhooks";

export const dispatchWebhook = defineJob({
  name: "dispatch-webhook",
  queue: "webhook-dispatch",
  description: "Sends a signed event to another system",
  payload: z.strictObject({
    event: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "should be a name such as order.created"),
    endpoint: z.url({ protocol: /^https?$/ }).max(2000),
    payload: z.record(z.string(), z.json()),
    /** One of the caller's own, sent along as X-Signature. */
    signature: z
      .string()
      .regex(/^[\x20-\x7e]{1,512}$/)
      .optional(),
  }),
  attempts: 5,
  run(webhook, { deliver, signal }) {
    const { outbound, settings } = services();
    return deliver((key) => dispatch(outbound, settings.WEBHOOK_SECRET, webhook, key, signal));
  },
});
