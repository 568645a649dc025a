import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId } from "../services/fields";
import { noteReport, REPORT_FORMATS, REPORT_TYPES, writeReport } from "../services/reports";

export const reportGeneration = defineJob({
  name: "report_generation",
  queue: "report",
  description: "Writes a report of a time into a file, usually at a time; nobody is told",
  payload: z.strictObject({
    businessId,
    reportType: z.enum(REPORT_TYPES),
    startDate: z.iso.date(),
    endDate: z.iso.date(),
    format: z.enum(REPORT_FORMATS).default("csv"),
  }),
  async run(wish, { id, once, signal }) {
    const { file, rows } = await writeReport(services(), id, wish, signal);
    await once((transaction) => noteReport(transaction, id, wish, file));
    return { file, rows };
  },
});
