import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { FORMATS, stockRows, writeExport } from "../services/exports";
import { businessId } from "../services/fields";

export const processInventoryExport = defineJob({
  name: "process-inventory-export",
  queue: "file",
  description: "Writes a business's stock into a file for download",
  payload: z.strictObject({ businessId, format: z.enum(FORMATS).default("csv") }),
  async run({ businessId, format }, { id, progress, signal }) {
    const { db, exports } = services();
    const file = `export-${id}.${format}`;
    const columns = ["sku", "name", "quantity", "reorder_level", "price"];
    const onRows = (rows: number) => progress(50, `${rows} items`);
    const rows = await writeExport(exports, file, format, columns, stockRows(db, businessId), { signal, onRows });
    return { file, rows };
  },
});
