import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../../../app/src/services/database";
import * as types from "../../../../app/src/types";
import { PostgresServer, postgres } from "../../jobs/support/postgres";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Application } from "./support/application";

describe.skipIf(redis.missing || postgres.missing)(`the application's tables in PostgreSQL${postgres.note}`, () => {
  let server: PostgresServer;
  let app: Application;
  beforeAll(async () => {
    captureLog();
    server = await PostgresServer.start();
    app = await Application.start({ DATABASE_URL: await server.newDatabase() });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await server.remove();
  }, 60_000);

  test("several processes may make them at once", async () => {
    for (const name of ["inventory", "imports", "reports", "events", "syncs"])
      await app.services.db.schema.dropTable(`app_${name}`).execute();
    await Promise.all(Array.from({ length: 4 }, () => migrate(app.jobs.store)));
  });

  test("stock goes in, is changed and checked, and comes out; events are counted", async () => {
    const file = await app.upload("stock.csv", "sku,name,quantity,reorder_level\nA,a,3,5\nB,b,9,5\n");
    expect(await app.run(types.processInventoryImport, { businessId: 1, file })).toMatchObject({
      result: { items: 2 },
    });
    await app.run(types.processInventoryImport, { businessId: 1, file });
    await app.run(types.bulkUpdate, { businessId: 1, items: [{ sku: "B", quantity: 1 }] });
    const wrong = await app.run(types.bulkUpdate, { businessId: 1, items: [{ sku: "Z", quantity: 1 }] });
    expect(wrong.error).toContain("no item Z");
    const check = await app.run(types.stockCheck, { businessId: 1, userEmail: "manager@example.org" });
    expect(check.result).toEqual({ low: 2 });
    await app.ended(`${check.id}.alert`);
    const { result } = await app.run(types.processInventoryExport, { businessId: 1 });
    const path = join(app.services.exports.path, (result as { file: string }).file);
    expect(await readFile(path, "utf8")).toBe(
      "\uFEFFsku,name,quantity,reorder_level,price\nA,a,3,5,0.00\nB,b,1,5,0.00\n",
    );
    await app.jobs.enqueue(types.trackEvent, { name: "sale", properties: {}, occurredAt: "2026-05-04T10:00:00Z" });
    await expect
      .poll(async () => (await app.run(types.runExport, { data: "events" })).result)
      .toMatchObject({ rows: 1 });
    const old = await app.run(types.dataCleanup, { data: "events", olderThanDays: 1 });
    expect(old.result).toEqual({ removed: 1 });
  });
});
