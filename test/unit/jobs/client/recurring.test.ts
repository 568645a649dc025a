import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Jobs, RecurringInput } from "../../../../app/jobs/client/types";
import { InputInvalid, PayloadInvalid } from "../../../../app/jobs/errors";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, done, ordered, quick, tracked } from "./support";

describe.skipIf(redis.missing)(`recurring jobs${redis.note}`, () => {
  let clients: Clients;
  let jobs: Jobs;
  beforeAll(async () => {
    clients = await Clients.start();
    jobs = await clients.client();
  });
  afterAll(() => clients.remove());

  const input = (more: Partial<RecurringInput<typeof tracked>> = {}): RecurringInput<typeof tracked> => ({
    ...{ name: "daily", job: tracked, payload: { name: "x" } },
    ...more,
  });

  it.each([
    [{ name: "a:b", cron: "0 7 * * *" }, "name"],
    [{}, "cron"],
    [{ cron: "0 7 * * *", everyMs: 5000 }, "cron"],
    [{ cron: "" }, "cron"],
    [{ cron: "* * * *" }, "cron"],
    [{ cron: "H * * * *" }, "cron"],
    [{ cron: "@daily" }, "cron"],
    [{ cron: "61 * * * *" }, "cron"],
    [{ cron: "0 0 30 2 *" }, "cron"],
    [{ cron: "0 0 0 31 6 *" }, "cron"],
    [{ cron: "0 7 * * *", timeZone: "Mars/Olympus" }, "timeZone"],
    [{ everyMs: 10 }, "everyMs"],
    [{ cron: "0 7 * * *", queue: "nowhere" }, "queue"],
    [{ cron: "0 7 * * *", priority: 11 }, "priority"],
  ])("are refused with the path: %j", async (wrong, path) => {
    const error = await jobs.setRecurring(input(wrong)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InputInvalid);
    expect(error.fault.path).toBe(path);
    expect(await jobs.recurring()).toEqual([]);
  });

  it("are refused where their payload is wrong", async () => {
    await expect(jobs.setRecurring(input({ payload: { name: "" }, cron: "0 7 * * *" }))).rejects.toThrow(
      PayloadInvalid,
    );
  });

  it("are refused where their jobs have an order, which they couldn't keep", async () => {
    const input = { name: "daily", job: ordered, payload: { name: "x" }, cron: "0 7 * * *" };
    const error = await jobs.setRecurring(input).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InputInvalid);
    expect(error.fault.path).toBe("type");
    expect(await jobs.recurring()).toEqual([]);
  });

  it("have a next run that can't be cancelled by itself, which is no fault of Redis", async () => {
    await jobs.setRecurring({ name: "daily", job: quick, payload: { name: "x" }, cron: "0 7 * * *" });
    const { jobs: found } = await jobs.list({ type: "quick", status: "scheduled" });
    const error = await jobs.cancel(found[0]?.id ?? "").catch((thrown) => thrown);
    expect(error).toBeInstanceOf(InputInvalid);
    expect(error.fault.path).toBe("id");
    expect(clients.lines.join()).not.toContain("Redis-Fehler");
    expect(await jobs.removeRecurring("daily")).toBe(true);
  });

  it("are kept under their names, and may be changed and moved to another queue", async () => {
    const set = await jobs.setRecurring(input({ cron: "0 7 * * 1-5", timeZone: "Europe/Berlin" }));
    expect(set).toMatchObject({ name: "daily", queue: "mail", type: "greet", cron: "0 7 * * 1-5", priority: 5 });
    expect(set.nextAt).toBeGreaterThan(Date.now());
    await jobs.setRecurring(input({ everyMs: 60_000, queue: "other" }));
    expect(await jobs.recurring()).toMatchObject([{ name: "daily", queue: "other", everyMs: 60_000 }]);
    expect(await jobs.removeRecurring("daily")).toBe(true);
    expect(await jobs.removeRecurring("daily")).toBe(false);
    expect(await jobs.recurring()).toEqual([]);
  });

  it("make a job each time, which the task table knows", async () => {
    done.length = 0;
    await jobs.setRecurring(input({ name: "often", everyMs: 1000, payload: { name: "tick" } }));
    jobs.work();
    await waitFor("it came twice", () => done.filter((name) => name === "tick").length >= 2);
    await jobs.removeRecurring("often");
    const { jobs: seen } = await jobs.list({ type: "greet", status: "completed" });
    expect(seen.length).toBeGreaterThanOrEqual(1);
  });
});
