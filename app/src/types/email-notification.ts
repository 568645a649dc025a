import { defineJob } from "queuehost/jobs";
import type { z } from "zod";
import { services } from "../services";
import { templatedMail } from "../services/templated-mail";

export const emailNotification = defineJob({
  name: "email_notification",
  queue: "notifications",
  description: "Sends a notice by mail, usually at a time",
  payload: templatedMail,
  run: ({ to, subject, template, data }: z.output<typeof templatedMail>, { deliver }) =>
    deliver((key) => services().mail.sendTemplate(to, template, data, key, subject)),
});
