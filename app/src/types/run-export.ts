import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { eventRows, FORMATS, listRows, writeExport } from "../services/exports";

const COLUMNS = {
  events: ["id", "name", "properties", "occurred_at"],
  reports: ["id", "business_id", "type", "file", "created_at"],
  imports: ["id", "business_id", "file", "rows", "created_at"],
} as const;

export const runExport = defineJob({
  name: "run-export",
  queue: "export-jobs",
  description: "Writes events, reports or imports of a time into a file for download",
  payload: z.strictObject({
    data: z.enum(["events", "reports", "imports"]),
    format: z.enum(FORMATS).default("csv"),
    since: z.iso.datetime().optional(),
    until: z.iso.datetime().optional(),
  }),
  async run({ data, format, since, until }, { id, progress, signal }) {
    const { db, exports } = services();
    const from = since === undefined ? 0 : Date.parse(since);
    const to = until === undefined ? Date.now() : Date.parse(until);
    const pages = data === "events" ? eventRows(db, from, to) : listRows(db, data, from, to);
    const file = `export-${id}.${format}`;
    const onRows = (rows: number) => progress(50, `${rows} rows`);
    const rows = await writeExport(exports, file, format, COLUMNS[data], pages, { signal, onRows });
    return { file, rows };
  },
});
