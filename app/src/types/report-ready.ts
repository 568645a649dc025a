import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId, email } from "../services/fields";
import { fileName } from "../services/folder";
import { REPORT_TYPES } from "../services/reports";

export const reportReady = defineJob({
  name: "report-ready",
  queue: "email",
  description: "Says where a report is to be had",
  payload: z.strictObject({ businessId, userEmail: email, reportType: z.enum(REPORT_TYPES), file: fileName }),
  run({ businessId, userEmail, reportType, file }, { deliver }) {
    const link = `${services().settings.PUBLIC_URL}/api/exports/${file}`;
    const data = { businessId, reportType, link };
    return deliver((key) => services().mail.sendTemplate(userEmail, "report-ready", data, key));
  },
});
