import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { businessId, sku } from "../services/fields";
import { setQuantities } from "../services/inventory";

export const bulkUpdate = defineJob({
  name: "bulk-update",
  queue: "inventory",
  description: "Sets the quantities of up to 1000 items, all or none",
  payload: z.strictObject({
    businessId,
    items: z
      .array(z.strictObject({ sku, quantity: z.int().min(0).max(999_999_999) }))
      .min(1)
      .max(1000),
  }),
  maxBytes: 128 * 1024,
  // The later one of two updates counts.
  orderBy: ({ businessId }) => `inventory-${businessId}`,
  run: ({ businessId, items }, { once }) =>
    once(async (transaction) => {
      await setQuantities(transaction, businessId, items);
      return { items: items.length };
    }),
});
