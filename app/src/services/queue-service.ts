import type { Enqueued, EnqueueOptions, JobFilter, Jobs, PayloadOf } from "queuehost/jobs";
import type { z } from "zod";
import * as types from "../types";
import { LEAD_MS, LEAD_TIMES, type LeadTime } from "./lead-times";

type Booking = Omit<PayloadOf<typeof types.bookingReminder>, "lead" | "bookingDate"> & { readonly bookingDate: Date };
type Payment = Omit<PayloadOf<typeof types.paymentReminder>, "dueDate"> & { readonly dueDate: Date };
type Mail = PayloadOf<typeof types.sendEmail> & Pick<EnqueueOptions, "priority">;
type Item = z.input<typeof types.bulkUpdate.payload>["items"][number];

/** Items of one job of a bulk update. */
const BATCH = 100;
/** How long before it is due a payment is reminded of. */
const PAYMENT_LEAD_MS = 24 * 60 * 60 * 1000;

/** Enqueues the application's jobs by their names, so that those who use them needn't know queues and types. */
export class QueueService {
  constructor(private readonly jobs: Jobs) {}

  addWelcomeEmail(data: PayloadOf<typeof types.welcomeEmail>) {
    return this.jobs.enqueue(types.welcomeEmail, data);
  }

  addPasswordReset(data: PayloadOf<typeof types.passwordReset>) {
    return this.jobs.enqueue(types.passwordReset, data);
  }

  addInventorySync(data: PayloadOf<typeof types.syncExternal>) {
    return this.jobs.enqueue(types.syncExternal, data, { priority: data.syncType === "full" ? "high" : "normal" });
  }

  /** Any number of items, in jobs of up to 100. */
  addBulkUpdate(businessId: number, items: readonly Item[]): Promise<readonly Enqueued[]> {
    return this.jobs.batch(types.bulkUpdate, items, BATCH, (some) => ({ businessId, items: [...some] }));
  }

  addStockCheck(data: PayloadOf<typeof types.stockCheck>) {
    return this.jobs.enqueue(types.stockCheck, data);
  }

  addReportGeneration(data: PayloadOf<typeof types.generateReport>) {
    return this.jobs.enqueue(types.generateReport, data);
  }

  addInventoryImport(data: PayloadOf<typeof types.processInventoryImport>) {
    return this.jobs.enqueue(types.processInventoryImport, data);
  }

  addInventoryExport(data: PayloadOf<typeof types.processInventoryExport>) {
    return this.jobs.enqueue(types.processInventoryExport, data);
  }

  sendEmail({ priority = "normal", ...mail }: Mail) {
    return this.jobs.enqueue(types.sendEmail, mail, { priority });
  }

  dispatchWebhook(data: PayloadOf<typeof types.dispatchWebhook>) {
    return this.jobs.enqueue(types.dispatchWebhook, data);
  }

  /** @returns the job's id */
  async scheduleEmailNotification({ priority = "normal", ...mail }: Mail, at: Date): Promise<string> {
    return (await this.jobs.schedule(types.emailNotification, at, mail, { priority })).id;
  }

  async scheduleSmsNotification(sms: PayloadOf<typeof types.smsNotification>, at: Date): Promise<string> {
    return (await this.jobs.schedule(types.smsNotification, at, sms)).id;
  }

  /**
   * Reminds of a booking 24 hours, 1 hour and 15 minutes before. Those whose time is over are left out. Scheduling the same
   * booking again makes no second reminder; one that was moved has to be cancelled at its old time.
   */
  async scheduleBookingReminders(
    booking: Booking,
  ): Promise<{ scheduled: { lead: LeadTime; id: string; at: Date }[]; leftOut: LeadTime[] }> {
    const { bookingDate, ...rest } = booking;
    const scheduled: { lead: LeadTime; id: string; at: Date }[] = [];
    const leftOut: LeadTime[] = [];
    for (const lead of LEAD_TIMES) {
      const at = new Date(bookingDate.getTime() - LEAD_MS[lead]);
      if (at.getTime() <= Date.now()) {
        leftOut.push(lead);
        continue;
      }
      const id = reminderId(booking, lead);
      const payload = { ...rest, bookingDate: bookingDate.toISOString(), lead };
      await this.jobs.schedule(types.bookingReminder, at, payload, { id });
      scheduled.push({ lead, id, at });
    }
    return { scheduled, leftOut };
  }

  /** @returns those that were waiting for their time */
  async cancelBookingReminders(booking: Pick<Booking, "bookingId" | "bookingDate">): Promise<LeadTime[]> {
    const cancelled: LeadTime[] = [];
    for (const lead of LEAD_TIMES)
      if ((await this.jobs.cancel(reminderId(booking, lead))) === "cancelled") cancelled.push(lead);
    return cancelled;
  }

  /** Reminds a day before it is due, or at once where that is over. @returns the job's id */
  async schedulePaymentReminders({ dueDate, ...payment }: Payment): Promise<string> {
    const at = new Date(dueDate.getTime() - PAYMENT_LEAD_MS);
    const id = `payment.${payment.bookingId}.${dueDate.getTime()}`;
    const payload = { ...payment, dueDate: dueDate.toISOString() };
    const isLate = at.getTime() <= Date.now();
    const { id: made } = await this.jobs.enqueue(types.paymentReminder, payload, isLate ? { id } : { id, at });
    return made;
  }

  getJobStatus(id: string) {
    return this.jobs.status(id);
  }

  cancelJob(id: string) {
    return this.jobs.cancel(id);
  }

  listJobs(filter?: JobFilter) {
    return this.jobs.list(filter);
  }

  getQueueHealth() {
    return this.jobs.health();
  }
}

/** With dots, which no Idempotency-Key may have: otherwise anybody could take the id first, by a reservation. */
const reminderId = ({ bookingId, bookingDate }: Pick<Booking, "bookingId" | "bookingDate">, lead: LeadTime) =>
  `booking.${bookingId}.${bookingDate.getTime()}.${lead}`;
