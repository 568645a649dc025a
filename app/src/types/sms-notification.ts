import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { phone } from "../services/fields";

export const smsNotification = defineJob({
  name: "sms_notification",
  queue: "notifications",
  description: "Sends a short message; with the local gateway it becomes a file in STATE_DIR/sms",
  payload: z.strictObject({ to: phone, text: z.string().min(1).max(480) }),
  run: (sms, { deliver }) => deliver((key) => services().sms.send(sms, key)),
});
