import { defineJob } from "queuehost/jobs";
import type { z } from "zod";
import { services } from "../services";
import { templatedMail } from "../services/templated-mail";

export const sendEmail = defineJob({
  name: "send-email",
  queue: "email-send",
  description: "Sends a mail made from a template",
  payload: templatedMail,
  run: ({ to, subject, template, data }: z.output<typeof templatedMail>, { deliver }) =>
    deliver((key) => services().mail.sendTemplate(to, template, data, key, subject)),
});
