import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { email, ownId } from "../services/fields";

export const paymentReminder = defineJob({
  name: "payment_reminder",
  queue: "notifications",
  description: "Reminds a customer of a payment",
  payload: z.strictObject({
    bookingId: ownId,
    customerId: ownId,
    customerEmail: email,
    amount: z.number().positive().max(1_000_000_000),
    currency: z.string().regex(/^[A-Z]{3}$/, "should be a code such as EUR"),
    dueDate: z.iso.datetime(),
  }),
  run({ bookingId, customerEmail, amount, currency, dueDate }, { deliver }) {
    const state = Date.parse(dueDate) > Date.now() ? "is due" : "was due";
    const data = { bookingId, state, amount: `${amount.toFixed(2)} ${currency}`, dueDate: dueDate.slice(0, 10) };
    return deliver((key) => services().mail.sendTemplate(customerEmail, "payment-reminder", data, key));
  },
});
