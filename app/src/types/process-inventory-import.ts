import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { readStock } from "../services/csv";
import { tables } from "../services/database";
import { businessId } from "../services/fields";
import { fileName } from "../services/folder";
import { putStock } from "../services/inventory";

export const processInventoryImport = defineJob({
  name: "process-inventory-import",
  queue: "file",
  description: "Takes over an uploaded CSV file into the inventory: all of it, or nothing and a list of what is wrong",
  payload: z.strictObject({ businessId, file: fileName }),
  orderBy: ({ businessId }) => `inventory-${businessId}`,
  async run({ businessId, file }, { id, once, progress, signal }) {
    const handle = await services().uploads.read(file);
    const items = await readStock(handle.createReadStream(), signal).finally(() => handle.close());
    await progress(50, `${items.length} items read`);
    return await once(async (transaction) => {
      await putStock(transaction, businessId, items);
      const row = { id, business_id: businessId, file, rows: items.length, created_at: Date.now() };
      await tables(transaction).insertInto("app_imports").values(row).execute();
      return { items: items.length };
    });
  },
});
