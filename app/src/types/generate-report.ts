import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId, email } from "../services/fields";
import { noteReport, REPORT_FORMATS, REPORT_TYPES, writeReport } from "../services/reports";
import { reportReady } from "./report-ready";

const filters = z.strictObject({ startDate: z.iso.date().optional(), endDate: z.iso.date().optional() });

export const generateReport = defineJob({
  name: "generate-report",
  queue: "report",
  description: "Writes a report into a file, and has its user told by mail",
  payload: z.strictObject({
    businessId,
    reportType: z.enum(REPORT_TYPES),
    filters: filters.default({}),
    format: z.enum(REPORT_FORMATS).default("html"),
    userEmail: email.optional(),
  }),
  async run({ businessId, reportType, filters, format, userEmail }, { id, once, progress, signal }) {
    const wish = { businessId, reportType, format, ...filters };
    const { file, rows } = await writeReport(services(), id, wish, signal);
    await progress(90, "written");
    await once(async (transaction) => {
      await noteReport(transaction, id, wish, file);
      if (userEmail === undefined) return;
      const told = { businessId, userEmail, reportType, file };
      await services().jobs.enqueueIn(transaction, reportReady, told, { id: `${id}.ready` });
    });
    return { file, rows };
  },
});
