import { createHash } from "node:crypto";
import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type BullmqProvider, openBullmq } from "../../../../app/jobs/provider/bullmq";
import type { NewJob } from "../../../../app/jobs/provider/provider";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";

const type = (name: string, queue: string, priority: "high" | "low") =>
  ({ name, queue, priority, description: "", payload: z.object({}), run: async () => {} }) as const;
const table = {
  queues: {
    shared: { description: "", storedAs: "reservation", keepCompleted: { age: 60, count: 5 } },
    mixed: { description: "" },
  },
  jobs: [type("urgent", "mixed", "high"), type("patient", "mixed", "low")],
};
const password = "sesam";
/** What the server's Redis gives the application: its own keys and channels, and no dangerous command. */
const acl = [
  `user default reset on #${createHash("sha256").update(password).digest("hex")} ~queuehost:* &queuehost:* +@all -@dangerous +info +client|list`,
];

describe.skipIf(redis.missing)(`where BullMQ puts jobs, under the server's ACL${redis.note}`, () => {
  let server: RedisServer;
  let provider: BullmqProvider;
  const closing: (() => Promise<unknown>)[] = [];
  const raws: Queue[] = [];
  const raw = (name: string) => {
    const queue = new Queue(name, { connection: { port: server.port, password }, prefix: "queuehost" });
    raws.push(queue);
    return queue;
  };
  beforeAll(async () => {
    server = await RedisServer.start({ acl });
    const env = { REDIS_PORT: String(server.port), REDIS_PASSWORD: password };
    provider = openBullmq(table, readSettings(env), () => {});
    await provider.settled;
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    for (const queue of (await provider.queues()).values()) await queue.drain(true);
  });
  afterAll(async () => {
    for (const queue of raws) await queue.close();
    await provider?.close();
    await server?.remove();
  });

  let made = 0;
  const job = (queue: string, priority: number, some: Partial<NewJob> = {}): NewJob => {
    made += 1;
    const id = `${queue}-${made}`;
    return { id, queue, type: "probe", payload: "{}", priority, attempts: 3, backoff: 50, runAt: null, ...some };
  };
  /** Runs all that waits, one after another. */
  const order = async (queue: string, count: number) => {
    const ran: string[] = [];
    const run = async ({ id }: { id: string }) => {
      ran.push(id);
      return { kind: "completed", result: null } as const;
    };
    const worker = provider.work([queue], run, { concurrency: 1 }, {});
    closing.push(() => worker.stop(0));
    await waitFor("all runs", () => ran.length === count);
    return ran;
  };

  it("keeps the plain list where all types share one priority; others go before it or behind", async () => {
    const jobs = [job("shared", 10), job("shared", 5), job("shared", 5), job("shared", 1)];
    const [low, first, second, high] = jobs.map(({ id }) => id);
    await provider.add(jobs);
    expect(await raw("reservation").getJobCounts("wait", "prioritized")).toEqual({ wait: 3, prioritized: 1 });
    const priorities = await Promise.all(jobs.map(async ({ id }) => (await provider.find("shared", id))?.priority));
    expect(priorities).toEqual([10, 5, 5, 1]);
    expect(await order("shared", 4)).toEqual([high, first, second, low]);
  });

  it("gives each a priority where the types differ", async () => {
    const jobs = [job("mixed", 10), job("mixed", 5), job("mixed", 1)];
    await provider.add(jobs);
    expect(await raw("mixed").getJobCounts("wait", "prioritized")).toEqual({ wait: 0, prioritized: 3 });
    expect(await order("mixed", 3)).toEqual(jobs.map(({ id }) => id).reverse());
  });

  it("moves a waiting job, in either kind of queue", async () => {
    for (const queue of ["shared", "mixed"]) {
      const jobs = [job(queue, 5), job(queue, 5), job(queue, 5)];
      const [one, two, three] = jobs.map(({ id }) => id) as [string, string, string];
      await provider.add(jobs);
      expect(await provider.setPriority(queue, three, 1)).toBe(true);
      expect(await provider.setPriority(queue, one, 10)).toBe(true);
      expect(await order(queue, 3)).toEqual([three, two, one]);
      expect(await provider.setPriority(queue, one, 1)).toBe(false);
      expect(await provider.setPriority(queue, "unknown", 1)).toBe(false);
    }
  });

  it("stores jobs as the releases before did, under the queue's name there", async () => {
    const runAt = Date.now() + 60_000;
    const one = job("shared", 5, { type: "confirm", payload: '{"reservation":{"guest":"Ada"}}', runAt });
    await provider.add([one]);
    const stored = await raw("reservation").getJob(one.id);
    expect(stored).toMatchObject({ name: "confirm", data: { reservation: { guest: "Ada" } } });
    expect(stored?.opts).toMatchObject({
      attempts: 3,
      backoff: { type: "exponential", delay: 50 },
      removeOnComplete: { age: 60, count: 5 },
      removeOnFail: { age: 604_800, count: 10_000 },
    });
    expect(await provider.find("shared", one.id)).toMatchObject({ status: "scheduled", runAt });
  });

  it("gives its queues to the board, and refuses one that isn't in the table", async () => {
    expect([...(await provider.queues()).keys()]).toEqual(["shared", "mixed"]);
    // No outage: whoever waits for the queue to come back would do so for ever.
    const wrong = new Error('queue "unknown" isn\'t in the table');
    await expect(provider.add([job("unknown", 5)])).rejects.toEqual(wrong);
    await expect(provider.add([job("unknown", 5), job("shared", 5)])).rejects.toEqual(wrong);
    await expect(provider.counts("unknown")).rejects.toEqual(wrong);
  });
});
