import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../../scripts/lib/places";
import { Tally } from "../../../../scripts/rehearsal/tally";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";

const SCRIPT = readFileSync(join(PACKAGE, "scripts/rehearsal/outcome.lua"), "utf8");

describe.skipIf(redis.missing)(`what became of jobs${redis.note}`, () => {
  let server: RedisServer;
  let client: Redis;
  let queue: Queue;
  let worker: Worker | undefined;
  beforeEach(async () => {
    server = await RedisServer.start();
    const connection = { host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null };
    client = new Redis(connection);
    queue = new Queue("mail", { connection, prefix: "shop" });
  });
  afterEach(async () => {
    await worker?.close(true);
    worker = undefined;
    await queue.close();
    client.disconnect();
    await server.remove();
  });

  const look = async (tally: Tally) =>
    tally.take(String(await client.call("EVAL_RO", SCRIPT, "0", "0", tally.asked, "shop:mail")));
  const now = async () => {
    const [seconds = 0, micros = 0] = (await client.time()).map(Number);
    return seconds * 1000 + Math.floor(micros / 1000);
  };
  /** Does what waits: jobs named after how they end. */
  async function work(until: () => Promise<boolean>): Promise<void> {
    const connection = { host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null };
    worker = new Worker(
      "mail",
      async ({ name, id }) => {
        if (name !== "well") throw new Error(`${name} of job ${id}\nand more`);
      },
      { connection, prefix: "shop", concurrency: 3 },
    );
    worker.on("error", () => {});
    await waitFor("the jobs' end", until, 20);
    await worker.close();
  }

  test("is added up from look to look: done, failed for good, to be tried again, and why", async () => {
    await queue.addBulk(["well", "well", "broken", "broken"].map((name) => ({ name, data: {} })));
    await queue.add("well", {}, { delay: 3_600_000 });
    await queue.add("flaky", {}, { attempts: 3, backoff: 3_600_000 });
    await queue.add("gone", {}, { removeOnFail: true });
    const tally = new Tally(await now());
    await look(tally);
    expect(tally.outcomes).toMatchObject([{ queue: "shop:mail", completed: 0, failed: 0, before: { wait: 6 } }]);
    await work(async () => (await queue.getJobCountByTypes("wait", "active")) === 0);
    await look(tally);
    await look(tally);
    expect(tally.outcomes).toMatchObject([
      { completed: 2, failed: 3, again: 1, cut: false, jobs: { wait: 0, active: 0, delayed: 2, failed: 2 } },
    ]);
    expect(tally.outcomes[0]?.reasons.map(({ name, again, count }) => [name, again, count])).toEqual([
      ["broken", false, 2],
      // Its name is gone with it.
      ["?", false, 1],
      ["flaky", true, 1],
    ]);
    expect(tally.outcomes[0]?.reasons[0]?.reason).toMatch(/^broken of job \d+$/);
    await queue.add("well", {});
    await work(async () => (await queue.getJobCountByTypes("wait", "active")) === 0);
    await look(tally);
    expect(tally.outcomes).toMatchObject([{ completed: 3, failed: 3, again: 1 }]);
  });

  test("before the time that is asked for doesn't count", async () => {
    await queue.add("broken", {});
    await work(async () => (await queue.getFailedCount()) === 1);
    const tally = new Tally((await now()) + 1);
    await look(tally);
    expect(tally.outcomes).toMatchObject([{ failed: 0, before: { failed: 1 } }]);
  });

  test("that couldn't be read any more is said", async () => {
    const tally = new Tally(await now());
    await queue.add("well", {});
    await look(tally);
    await queue.addBulk(["broken", "broken"].map((name) => ({ name, data: {} })));
    await work(async () => (await queue.getFailedCount()) === 2);
    await queue.trimEvents(0);
    await look(tally);
    expect(tally.outcomes).toMatchObject([{ failed: 0, cut: true, before: { failed: 0 }, jobs: { failed: 2 } }]);
  });

  test("of a queue that is paused is nothing to wait for", async () => {
    await queue.pause();
    await queue.add("well", {});
    const tally = new Tally(await now());
    await look(tally);
    expect(tally.outcomes).toMatchObject([{ paused: true }]);
  });
});
