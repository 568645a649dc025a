import { z } from "zod";
import { email, shortText, templateData } from "./fields";
import { TEMPLATE_NAMES, wantedBy } from "./templates";

/** A mail made from a template; data that the template needs and doesn't get is named. */
export const templatedMail = z
  .strictObject({
    to: email,
    /** Instead of the template's own. */
    subject: shortText.regex(/^\P{Cc}*$/u, "should be one line").optional(),
    template: z.enum(TEMPLATE_NAMES),
    data: templateData,
  })
  .superRefine(({ template, data, subject }, context) => {
    for (const key of wantedBy(template)) {
      if (data[key] !== undefined || (key === "subject" && subject !== undefined)) continue;
      context.addIssue({ code: "custom", path: ["data", key], message: `is needed by the template ${template}` });
    }
  });
