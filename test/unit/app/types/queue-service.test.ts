import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reservationId } from "../../../../app/src/reservations/reservation";
import { QueueService } from "../../../../app/src/services/queue-service";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Application } from "./support/application";

const MINUTE = 60_000;
const booking = (inMs: number) => ({
  bookingId: "booking_123",
  customerId: "customer_456",
  customerEmail: "customer@example.org",
  customerPhone: "+491701234567",
  bookingDate: new Date(Date.now() + inMs),
  location: "Downtown Garage",
});

describe.skipIf(redis.missing)(`jobs by their names${redis.note}`, () => {
  let app: Application;
  let queue: QueueService;
  beforeAll(async () => {
    captureLog();
    app = await Application.start();
    queue = new QueueService(app.jobs);
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  test("a booking is reminded of 24 hours, 1 hour and 15 minutes before, once, however often it is scheduled", async () => {
    const soon = booking(48 * 60 * MINUTE);
    const { scheduled, leftOut } = await queue.scheduleBookingReminders(soon);
    expect(leftOut).toEqual([]);
    expect(scheduled.map(({ lead, at }) => [lead, soon.bookingDate.getTime() - at.getTime()])).toEqual([
      ["24h", 24 * 60 * MINUTE],
      ["1h", 60 * MINUTE],
      ["15min", 15 * MINUTE],
    ]);
    await queue.scheduleBookingReminders(soon);
    const { jobs, total } = await queue.listJobs({ type: "booking_reminder", status: "scheduled" });
    expect(total).toBe(3);
    expect(jobs.map(({ id }) => id).toSorted()).toEqual(scheduled.map(({ id }) => id).toSorted());
    expect(await queue.cancelBookingReminders(soon)).toEqual(["24h", "1h", "15min"]);
    expect(await queue.getJobStatus(scheduled[0]?.id ?? "")).toMatchObject({ status: "cancelled" });
  });

  test("reminders whose time is over are left out, and said", async () => {
    const { scheduled, leftOut } = await queue.scheduleBookingReminders({ ...booking(30 * MINUTE), bookingId: "b2" });
    expect(leftOut).toEqual(["24h", "1h"]);
    expect(scheduled.map(({ lead }) => lead)).toEqual(["15min"]);
    const past = await queue.scheduleBookingReminders({ ...booking(-MINUTE), bookingId: "b3" });
    expect(past).toEqual({ scheduled: [], leftOut: ["24h", "1h", "15min"] });
  });

  test("a payment is reminded of a day before, or at once where that is over", async () => {
    const { bookingDate, location, customerPhone, ...rest } = booking(72 * 60 * MINUTE);
    const payment = { ...rest, amount: 25, currency: "USD" };
    const later = await queue.schedulePaymentReminders({ ...payment, dueDate: bookingDate });
    const state = await queue.getJobStatus(later);
    expect(Date.parse(state?.runAt ?? "")).toBe(bookingDate.getTime() - 24 * 60 * MINUTE);
    const overdue = await queue.schedulePaymentReminders({ ...payment, dueDate: new Date(Date.now() - MINUTE) });
    expect(await app.ended(overdue)).toMatchObject({ status: "completed" });
    expect(app.to("customer@example.org")[0]?.source).toContain("was due");
  });

  test("nobody can take the id of a reminder by the Idempotency-Key of a reservation", async () => {
    const { bookingDate, location, ...rest } = { ...booking(96 * 60 * MINUTE), bookingId: "b4" };
    const { scheduled } = await queue.scheduleBookingReminders({ ...rest, bookingDate, location });
    const { customerPhone, ...payment } = { ...rest, amount: 25, currency: "USD", dueDate: bookingDate };
    const ids = [...scheduled.map(({ id }) => id), await queue.schedulePaymentReminders(payment)];
    expect(ids.filter((id) => reservationId.safeParse(id).success)).toEqual([]);
    expect(ids).toHaveLength(4);
  });

  test("a notice is sent at its time, and one for the past is refused", async () => {
    const notice = { to: "a@example.org", template: "welcome", data: { name: "A" }, priority: "high" } as const;
    const id = await queue.scheduleEmailNotification(notice, new Date(Date.now() + 60 * MINUTE));
    expect(await queue.getJobStatus(id)).toMatchObject({ status: "scheduled", priority: 1 });
    await expect(queue.scheduleEmailNotification(notice, new Date(0))).rejects.toMatchObject({ name: "InputInvalid" });
    expect(await queue.cancelJob(id)).toBe("cancelled");
  });

  test("many items become jobs of a hundred", async () => {
    const items = Array.from({ length: 250 }, (_, index) => ({ sku: `S-${index}`, quantity: index }));
    const jobs = await queue.addBulkUpdate(77, items);
    expect(jobs).toHaveLength(3);
    for (const { id } of jobs) expect(await app.ended(id)).toMatchObject({ status: "failed" });
  });
});
