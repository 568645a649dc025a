import { defineJob } from "queuehost/jobs";
import { z } from "zod";
import { services } from "../services";
import { email, ownId, phone, shortText } from "../services/fields";
import { LEAD_TIMES } from "../services/lead-times";

export const bookingReminder = defineJob({
  name: "booking_reminder",
  queue: "notifications",
  description: "Reminds a customer of a booking by mail and, where there is a number, by sms",
  payload: z.strictObject({
    bookingId: ownId,
    customerId: ownId,
    customerEmail: email,
    customerPhone: phone.optional(),
    bookingDate: z.iso.datetime(),
    location: shortText,
    /** How long before. */
    lead: z.enum(LEAD_TIMES),
  }),
  async run({ bookingId, customerEmail, customerPhone, bookingDate, location, lead }, { id, deliver }) {
    // A worker that was away for long shouldn't remind anyone of what is over.
    if (Date.parse(bookingDate) <= Date.now()) return { skipped: "the booking has begun" };
    const { mail, sms } = services();
    const data = { bookingId, location, bookingDate, until: lead };
    const sent = await deliver((key) => mail.sendTemplate(customerEmail, "booking-reminder", data, key), `${id}.mail`);
    if (customerPhone === undefined) return sent;
    const text = `Booking ${bookingId} at ${location} begins in ${lead}.`;
    const texted = await deliver((key) => sms.send({ to: customerPhone, text }, key), `${id}.sms`);
    return { ...sent, ...texted };
  },
});
