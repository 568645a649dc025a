import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId, email } from "../services/fields";
import { lowStock } from "../services/inventory";
import { lowStockAlert } from "./low-stock-alert";

export const stockCheck = defineJob({
  name: "stock-check",
  queue: "inventory",
  description: "Looks for items below their reorder level, and has them told by mail",
  payload: z.strictObject({ businessId, userEmail: email }),
  async run({ businessId, userEmail }, { id, once }) {
    const { db, jobs } = services();
    const low = await lowStock(db, businessId);
    if (low.length === 0) return { low: 0 };
    const items = low.map(({ sku, name, quantity, reorder_level }) => {
      return { sku, name, quantity, reorderLevel: reorder_level };
    });
    return await once(async (transaction) => {
      await jobs.enqueueIn(transaction, lowStockAlert, { businessId, userEmail, items }, { id: `${id}.alert` });
      return { low: items.length };
    });
  },
});
