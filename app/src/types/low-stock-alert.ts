import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { businessId, email, shortText, sku } from "../services/fields";

const item = z.strictObject({ sku, name: shortText, quantity: z.int(), reorderLevel: z.int() });

export const lowStockAlert = defineJob({
  name: "low-stock-alert",
  queue: "email",
  priority: "high",
  description: "Says which items are below their reorder level",
  payload: z.strictObject({ businessId, userEmail: email, items: z.array(item).min(1).max(100) }),
  run({ businessId, userEmail, items }, { deliver }) {
    const lines = items.map(
      ({ sku, name, quantity, reorderLevel }) => `${sku} ${name}: ${quantity} of ${reorderLevel}`,
    );
    const data = { businessId, count: items.length, items: lines.join("\n") };
    return deliver((key) => services().mail.sendTemplate(userEmail, "low-stock-alert", data, key));
  },
});
