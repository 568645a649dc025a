import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Jobs, openJobs, readSettings } from "queuehost/jobs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setRecurring } from "../../../app/src/recurring";
import { table } from "../../../app/src/table";
import { dataCleanup } from "../../../app/src/types";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";

const names = ["cleanup-events", "cleanup-exports", "cleanup-imports", "cleanup-reports", "cleanup-uploads"];

describe.skipIf(redis.missing)(`what is done every night${redis.note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-nightly-"));
  let server: RedisServer;
  let jobs: Jobs;
  beforeAll(async () => {
    captureLog();
    server = await RedisServer.prepare();
    jobs = await openJobs(table, readSettings({ STATE_DIR: folder, REDIS_PORT: String(server.port) }));
  });
  afterAll(async () => {
    await jobs?.shutdown();
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is given up where the worker stops before the queue is there", async () => {
    const stopping = new AbortController();
    const setting = setRecurring(jobs, stopping.signal);
    stopping.abort();
    await setting;
  });

  it("is set as soon as the queue is there, once", async () => {
    const { signal } = new AbortController();
    const setting = setRecurring(jobs, signal);
    await expect(jobs.recurring()).rejects.toThrow();
    await server.start();
    await Promise.all([setting, setRecurring(jobs, signal)]);
    const set = await jobs.recurring();
    expect(set.map(({ name }) => name).sort()).toEqual(names);
    expect(set.every(({ nextAt }) => typeof nextAt === "number" && nextAt > Date.now())).toBe(true);
  });

  it("stays as an operator has changed it", async () => {
    const changed = {
      name: "cleanup-events",
      job: dataCleanup,
      payload: { data: "events", olderThanDays: 7 },
    } as const;
    await jobs.setRecurring({ ...changed, cron: "0 5 * * 0" });
    await setRecurring(jobs, new AbortController().signal);
    const set = await jobs.recurring();
    expect(set).toHaveLength(names.length);
    expect(set.find(({ name }) => name === "cleanup-events")).toMatchObject({ cron: "0 5 * * 0" });
  });
});
