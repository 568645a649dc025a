import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { email, shortText } from "../services/fields";

export const welcomeEmail = defineJob({
  name: "welcome-email",
  queue: "email",
  description: "Welcomes a new user",
  payload: z.strictObject({ userEmail: email, userName: shortText }),
  run: ({ userEmail, userName }, { deliver }) =>
    deliver((key) => services().mail.sendTemplate(userEmail, "welcome", { name: userName }, key)),
});
