import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for";
import { openBackend, openWorker, reservation, sandbox, type TestBackend, type TestWorker } from "./support/backend";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";

describe.skipIf(redis.missing)(`queues in order of priority${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let worker: TestWorker | undefined;
  let log: string[];
  const removals: Array<() => void> = [];

  beforeEach(async () => {
    log = captureLog();
    log.length = 0;
    server = await RedisServer.start();
    backend = await openBackend(configOf({}));
    worker = undefined;
  });
  afterEach(async () => {
    await worker?.stop(1000);
    await backend.close();
    await server.remove();
    for (const remove of removals.splice(0)) remove();
  });

  function configOf(env: Record<string, string | number>) {
    const box = sandbox({ REDIS_PORT: server.port, ...env });
    removals.push(box.remove);
    return box.config;
  }
  const send = async (id: string, priority: string) => {
    const answer = await backend.post(reservation, id, `?priority=${priority}`);
    expect(answer.code).toBe(202);
  };
  const began = () => log.flatMap((line) => line.match(/^\[Reservation\] Job (\S+) gestartet/)?.[1] ?? []);
  const done = () => log.filter((line) => /^\[Reservation\] Job \S+ fertig/.test(line)).length;

  it("takes a job of a later queue only when none waits in an earlier one", async () => {
    for (const name of ["low", "default", "high"]) for (const n of [1, 2]) await send(`${name}-number-${n}`, name);
    worker = await openWorker(configOf({ QUEUE_CONCURRENCY: 1 }));
    await waitFor("all to be done", () => done() === 6);
    const order = ["high-number-1", "high-number-2", "default-number-1", "default-number-2"];
    expect(began()).toEqual([...order, "low-number-1", "low-number-2"]);
  });

  it("does what comes in urgently before what waited longer", async () => {
    for (const n of [1, 2, 3]) await send(`low-number-${n}`, "low");
    worker = await openWorker(configOf({ QUEUE_CONCURRENCY: 1, CONFIRMATION_PACE_MS: 100 }));
    await waitFor("the first to run", () => began().length === 1);
    await send("high-number-1", "high");
    await waitFor("all to be done", () => done() === 4);
    expect(began()).toEqual(["low-number-1", "high-number-1", "low-number-2", "low-number-3"]);
  });

  it("serves the queues that it is told to, and no other", async () => {
    await send("default-number-1", "default");
    await send("low-number-1", "low");
    await send("high-number-1", "high");
    worker = await openWorker(configOf({ QUEUES: "low,high" }));
    await waitFor("two to be done", () => done() === 2);
    expect(began()).toEqual(["low-number-1", "high-number-1"]);
    expect((await backend.get("/reservations/default-number-1")).body.status).toBe("waiting");
  });

  it("runs as many at a time as its concurrency says, over all queues", async () => {
    for (const n of [1, 2]) for (const name of ["low", "default", "high"]) await send(`${name}-number-${n}`, name);
    worker = await openWorker(configOf({ QUEUE_CONCURRENCY: 2, CONFIRMATION_PACE_MS: 60 }));
    let most = 0;
    await waitFor("all to be done", () => {
      most = Math.max(most, began().length - done());
      return done() === 6;
    });
    expect(most).toBe(2);
  });

  it.each(["high,default,low", "default"])("begins at once what comes while it is idle (%s)", async (QUEUES) => {
    worker = await openWorker(configOf({ QUEUES }));
    await waitFor("it to be idle", () => log.some((line) => line.startsWith("[Queue] Queues:")));
    const started = performance.now();
    await send("default-number-1", "default");
    await waitFor("it to be done", () => done() === 1);
    // Without a word from Redis it looks again after 5 s.
    expect(performance.now() - started).toBeLessThan(4000);
  });

  it("refuses a priority that there isn't", async () => {
    const { code, body } = await backend.post(reservation, "urgent-number-1", "?priority=urgent");
    expect([code, body.errors[0].path]).toEqual([400, "priority"]);
  });
});
