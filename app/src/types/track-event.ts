import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { tables } from "../services/database";

export const trackEvent = defineJob({
  name: "track-event",
  queue: "analytics-events",
  description: "Keeps what happened, for reports",
  payload: z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "should be a name such as page.viewed"),
    properties: z.record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean()])).default({}),
    occurredAt: z.iso.datetime(),
  }),
  maxBytes: 8 * 1024,
  // Many and small: nobody asks for the state of one.
  tracked: false,
  run: ({ name, properties, occurredAt }, { id, once }) =>
    once(async (transaction) => {
      const row = { id, name, properties: JSON.stringify(properties), occurred_at: Date.parse(occurredAt) };
      await tables(transaction).insertInto("app_events").values(row).execute();
    }),
});
