import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { email, shortText } from "../services/fields";

export const passwordReset = defineJob({
  name: "password-reset",
  queue: "email",
  description: "Sends the link that sets a new password",
  payload: z.strictObject({
    userEmail: email,
    userName: shortText,
    link: z.url({ protocol: /^https?$/ }).max(2000),
    validUntil: z.iso.datetime(),
  }),
  // Whoever has the link has the account.
  encrypted: ["link"],
  async run({ userEmail, userName: name, link, validUntil }, { deliver }) {
    if (Date.parse(validUntil) <= Date.now()) return { skipped: "the link is no longer valid" };
    return await deliver((key) =>
      services().mail.sendTemplate(userEmail, "password-reset", { name, link, validUntil }, key),
    );
  },
});
