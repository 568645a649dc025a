import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Jimp } from "jimp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSigned } from "../../../../app/src/services/webhooks";
import * as types from "../../../../app/src/types";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Application } from "./support/application";

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
const stock = "sku,name,quantity,reorder_level,price\nA,Äpfel,3,5,1.20\nB,=HYPERLINK(1),20,5,2.00\n";

describe.skipIf(redis.missing)(`the application's jobs, as a worker runs them${redis.note}`, () => {
  let app: Application;
  beforeAll(async () => {
    captureLog();
    app = await Application.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const exported = async (result: unknown) =>
    await readFile(join(app.services.exports.path, (result as { file: string }).file), "utf8");
  const importStock = async (businessId: number) =>
    await app.run(types.processInventoryImport, {
      businessId,
      file: await app.upload(`stock-${businessId}.csv`, stock),
    });

  test("mails to users arrive once each, and a password's link isn't readable in the queue", async () => {
    await app.run(types.welcomeEmail, { userEmail: "ada@example.org", userName: "Ada" });
    const link = "https://example.org/reset?token=123456";
    const wanted = { userEmail: "eve@example.org", userName: "Eve", link, validUntil: soon(60_000) };
    const { id } = await app.run(types.passwordReset, wanted);
    expect(app.to("ada@example.org")).toHaveLength(1);
    expect(app.to("eve@example.org")[0]?.source).toContain("token=3D123456");
    const row = await app.jobs.store.find(id);
    expect(row?.payload).toContain("$enc");
    expect(row?.payload).not.toContain("123456");
    const late = await app.run(types.passwordReset, { ...wanted, userEmail: "old@example.org", validUntil: soon(-1) });
    expect(late.result).toEqual({ skipped: "the link is no longer valid" });
    expect(app.to("old@example.org")).toHaveLength(0);
  });

  test("an import is there as a whole, and what is exported no spreadsheet takes for a formula", async () => {
    expect(await importStock(1)).toMatchObject({ status: "completed", result: { items: 2 } });
    const csv = await app.run(types.processInventoryExport, { businessId: 1 });
    expect(await exported(csv.result)).toBe(
      "\uFEFFsku,name,quantity,reorder_level,price\nA,Äpfel,3,5,1.20\nB,'=HYPERLINK(1),20,5,2.00\n",
    );
    const json = await app.run(types.processInventoryExport, { businessId: 1, format: "json" });
    expect(JSON.parse(await exported(json.result))).toHaveLength(2);
    const none = await app.run(types.processInventoryExport, { businessId: 99, format: "json" });
    expect(JSON.parse(await exported(none.result))).toEqual([]);
  });

  test("a wrong import changes nothing, isn't tried again, and says what is wrong with its lines", async () => {
    const file = await app.upload("wrong.csv", "sku,name,quantity\nNEW,new,1\nB,b,x\n");
    const state = await app.run(types.processInventoryImport, { businessId: 2, file });
    expect(state).toMatchObject({ status: "failed", attempt: 1, error: expect.stringContaining("line 3: quantity") });
    const { letters } = await app.jobs.deadLetters({ queue: "file" });
    expect(letters.map(({ id }) => id)).toContain(state.id);
    const rows = await app.services.db.selectFrom("app_inventory").selectAll().where("business_id", "=", 2).execute();
    expect(rows).toEqual([]);
  });

  test("names that lead out of a folder are refused when they are enqueued", async () => {
    for (const file of ["../jobs.sqlite", "/etc/passwd", "..", ".env", "a/b.csv", "a\\b.csv", "a\0.csv", ""])
      await expect(app.jobs.enqueue(types.processInventoryImport, { businessId: 1, file })).rejects.toMatchObject({
        name: "PayloadInvalid",
        faults: [{ path: "file" }],
      });
  });

  test("a bulk update happens to all of its items or to none", async () => {
    await importStock(3);
    const update = (items: { sku: string; quantity: number }[]) => app.run(types.bulkUpdate, { businessId: 3, items });
    expect(await update([{ sku: "A", quantity: 50 }])).toMatchObject({ result: { items: 1 } });
    const wrong = await update([
      { sku: "A", quantity: 0 },
      { sku: "Z", quantity: 1 },
    ]);
    expect(wrong).toMatchObject({ status: "failed", error: expect.stringContaining("no item Z") });
    const { quantity } = await app.services.db
      .selectFrom("app_inventory")
      .select("quantity")
      .where("business_id", "=", 3)
      .where("sku", "=", "A")
      .executeTakeFirstOrThrow();
    expect(quantity).toBe(50);
  });

  test("a stock check has low items told by a job that exists if and only if the check ended well", async () => {
    await importStock(4);
    const { id, result } = await app.run(types.stockCheck, { businessId: 4, userEmail: "manager4@example.org" });
    expect(result).toEqual({ low: 1 });
    expect(await app.ended(`${id}.alert`)).toMatchObject({ type: "low-stock-alert", status: "completed", priority: 1 });
    expect(app.to("manager4@example.org")[0]?.source).toContain("Low stock: 1 items of business 4");
    const none = await app.run(types.stockCheck, { businessId: 98, userEmail: "nobody@example.org" });
    expect(none.result).toEqual({ low: 0 });
  });

  test("another system's stock is taken over: all of it, or what has changed since", async () => {
    await importStock(5);
    app.answer = () => [200, JSON.stringify({ items: [{ sku: "A", name: "Äpfel", quantity: 9 }] })];
    const sync = { businessId: 5, externalSystem: "supplier-api" };
    const full = await app.run(types.syncExternal, { ...sync, syncType: "full" });
    expect(full.result).toEqual({ items: 1, cleared: 1 });
    await app.run(types.syncExternal, { ...sync, syncType: "incremental" });
    expect(app.received.at(-1)?.path).toMatch(/^\/stock\?businessId=5&since=\d{4}-/);
    app.answer = () => [200, "<html>"];
    const odd = await app.run(types.syncExternal, { ...sync, syncType: "full" });
    expect(odd).toMatchObject({ status: "failed", attempt: 1, error: expect.stringContaining("no JSON") });
    const unknown = await app.run(types.syncExternal, { ...sync, externalSystem: "nobody", syncType: "full" });
    expect(unknown).toMatchObject({ status: "failed", error: expect.stringContaining("EXTERNAL_SYSTEMS") });
  });

  test("a webhook that fails for now is tried again, with the same key and a signature that holds", async () => {
    let asked = 0;
    app.answer = () => [asked++ === 0 ? 503 : 200, ""];
    const hook = { event: "order.created", endpoint: `${app.system}/hook`, payload: { order: 7, of: { deep: [1] } } };
    const state = await app.run(types.dispatchWebhook, { ...hook, signature: "theirs" });
    expect(state).toMatchObject({ status: "completed", attempt: 2, result: { status: 200 } });
    const [first, second] = app.received.filter(({ path }) => path === "/hook");
    expect(second?.headers["idempotency-key"]).toBe(first?.headers["idempotency-key"]);
    expect(second?.headers["x-signature"]).toBe("theirs");
    expect(isSigned("a secret of sixteen", second?.body ?? "", String(second?.headers["webhook-signature"]))).toBe(
      true,
    );
  });

  test("a report is a file, and its user is told where", async () => {
    await importStock(6);
    const wish = { businessId: 6, reportType: "inventory-summary", userEmail: "boss@example.org" } as const;
    const { id, result } = await app.run(types.generateReport, wish);
    const html = await exported(result);
    expect(html).toContain("<td>=HYPERLINK(1)</td>");
    expect(html).toContain("<dt>Value</dt><dd>43.60</dd>");
    await app.ended(`${id}.ready`);
    expect(app.to("boss@example.org")[0]?.source).toContain("/api/exports/report-");
  });

  test("events are counted in a report of sales, and exported", async () => {
    const event = (amountCents: number) => ({
      name: "sale",
      properties: { businessId: 8, amountCents },
      occurredAt: "2026-05-04T10:00:00Z",
    });
    await app.jobs.enqueueBulk(types.trackEvent, [event(1000), event(250)]);
    const period = { businessId: 8, startDate: "2026-05-04", endDate: "2026-05-04" };
    await expect
      .poll(async () => {
        const { result } = await app.run(types.reportGeneration, { ...period, reportType: "sales-analysis" });
        return await exported(result);
      })
      .toBe("\uFEFFDay,Sales,Revenue\n2026-05-04,2,12.50\n");
    const all = await app.run(types.runExport, { data: "events", until: "2026-05-05T00:00:00Z" });
    expect(all.result).toMatchObject({ rows: 2 });
    const reports = await app.run(types.runExport, { data: "reports", format: "json" });
    expect(await exported(reports.result)).toContain('"type":"sales-analysis"');
  });

  test("an image is made smaller by a process of its own, and an image bomb fails for good", async () => {
    const png = await new Jimp({ width: 300, height: 200, color: 0x3366ccff }).getBuffer("image/png");
    const file = await app.upload("photo.png", png);
    const { result } = await app.run(types.optimiseImage, { file, width: 30, height: 30 });
    expect(result).toMatchObject({ from: { width: 300, height: 200 }, to: { width: 30, height: 20 } });
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    const refused = await app.run(types.optimiseImage, {
      file: await app.upload("bomb.png", bomb),
      width: 30,
      height: 30,
    });
    expect(refused).toMatchObject({ status: "failed", attempt: 1, error: expect.stringContaining("MAX_IMAGE_PIXELS") });
    const seen = await app.run(types.aiRequest, { type: "vision", model: "local", input: { file }, options: {} });
    expect(seen.result).toEqual({ text: "a landscape image of 300 x 200 pixels, mean colour #3366cc" });
  });

  test("the local model answers the same each time, and says which models it hasn't", async () => {
    const ask = (model: string) =>
      app.run(types.aiRequest, {
        type: "completion",
        model,
        input: "Queues wait. Queues lose nothing. Dogs bark.",
        options: { maxTokens: 5 },
      });
    expect((await ask("local-extractive")).result).toEqual({ text: "Queues wait. Queues lose nothing." });
    expect(await ask("large")).toMatchObject({ status: "failed", attempt: 1, error: expect.stringContaining("large") });
    const embedding = await app.run(types.aiRequest, {
      type: "embedding",
      model: "local-hashing",
      input: "Queues wait",
      options: {},
    });
    const { vector } = embedding.result as { vector: number[] };
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
  });

  test("a customer is reminded by mail and by sms, but not of what is over", async () => {
    const booking = { bookingId: "b1", customerId: "c1", customerEmail: "guest@example.org", location: "Room 12" };
    const reminder = { ...booking, customerPhone: "+491701234567", bookingDate: soon(900_000), lead: "15min" } as const;
    const { result } = await app.run(types.bookingReminder, reminder);
    expect(result).toMatchObject({ gateway: "local file" });
    expect(app.to("guest@example.org")).toHaveLength(1);
    const [file = ""] = await readdir(join(app.folder, "sms"));
    expect(JSON.parse(await readFile(join(app.folder, "sms", file), "utf8"))).toMatchObject({ to: "+491701234567" });
    const late = await app.run(types.bookingReminder, { ...reminder, bookingDate: soon(-1) });
    expect(late.result).toEqual({ skipped: "the booking has begun" });
    expect(app.to("guest@example.org")).toHaveLength(1);
  });

  test("payments, notices and short messages", async () => {
    const payment = { bookingId: "b2", customerId: "c1", customerEmail: "payer@example.org", currency: "EUR" };
    await app.run(types.paymentReminder, { ...payment, amount: 25, dueDate: soon(86_400_000) });
    expect(app.to("payer@example.org")[0]?.source).toContain("25.00 EUR for your booking b2 is due on");
    const notice = { template: "notice", data: { subject: "Closed", text: "on Monday" } } as const;
    await app.run(types.emailNotification, { to: "all@example.org", ...notice });
    await app.run(types.sendEmail, { to: "all@example.org", subject: "Open", ...notice });
    expect(app.to("all@example.org").map(({ source }) => /^Subject: (.*)\r$/m.exec(source)?.[1])).toEqual([
      "Closed",
      "Open",
    ]);
    const sms = await app.run(types.smsNotification, { to: "+491701234567", text: "hello" });
    expect(sms.result).toMatchObject({ gateway: "local file" });
  });

  test("a long task tells how far it is, and ends when it is cancelled", async () => {
    const all = await app.run(types.processLargeDataset, { to: 1000 });
    expect(all).toMatchObject({ result: { primes: 168 }, progress: 100 });
    const { id } = await app.jobs.enqueue(types.processLargeDataset, { to: 10_000_000, paceMs: 20 });
    await expect.poll(async () => (await app.jobs.status(id))?.message).toMatch(/^\d+\/10000001 Elemente verarbeitet$/);
    await app.jobs.cancel(id);
    expect(await app.ended(id)).toMatchObject({ status: "cancelled" });
  });
});
