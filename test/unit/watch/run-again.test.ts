import { type Job, type JobsOptions, Queue, Worker } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { counts, type HeldJob, open, parseHeld } from "../../../scripts/watch/held";
import { replay } from "../../../scripts/watch/replay";
import type { ReplayServer } from "../../../scripts/watch/replay-server";
import { Queues } from "../../../scripts/watch/run-again";
import { waitFor } from "../../support/wait-for";
import { RedisServer, redis } from "../app/support/redis-server";

const RELEASE = "aaaaaaaaaaaa";

describe.skipIf(redis.missing)(`jobs that are held${redis.note}`, () => {
  let server: RedisServer;
  let queue: Queue;
  let worker: Worker;
  let queues: Queues;
  /** The names of the jobs that were done, as often as they were. */
  let did: string[];
  let isBroken: boolean;
  beforeAll(async () => {
    server = await RedisServer.start({ password: "secret" });
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    const connection = { host: "127.0.0.1", port: server.port, password: "secret", maxRetriesPerRequest: null };
    queue = new Queue(`orders-${Math.random().toString(36).slice(2)}`, { connection, prefix: "shop" });
    did = [];
    isBroken = true;
    worker = new Worker(
      queue.name,
      async ({ name }: Job) => {
        if (isBroken) throw new Error("no such column");
        did.push(name);
      },
      { connection, prefix: "shop" },
    );
    queues = new Queues({ port: server.port, password: "secret" });
  });
  afterEach(async () => {
    await queues.close();
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  });

  /** Lets jobs fail for good; gives them as the server would hold them. */
  async function failed(...jobs: { name: string; opts?: JobsOptions }[]): Promise<HeldJob[]> {
    const lines: string[] = [];
    for (const { name, opts = {} } of jobs) {
      // It is looked at while it waits: afterwards it may be gone.
      await worker.pause();
      const job = await queue.add(name, { order: name }, opts);
      const hash = await hashOf(queue.toKey(job.id ?? ""));
      const over = new Promise((end) => worker.once("failed", end));
      worker.resume();
      await over;
      const kept = await queue.getJob(job.id ?? "");
      const more = { failedReason: "no such column", finishedOn: String(kept?.finishedOn ?? Date.now()) };
      lines.push(JSON.stringify({ database: 0, prefix: "shop", queue: queue.name, id: job.id, ...hash, ...more }));
    }
    isBroken = false;
    return [...(parseHeld([`RELEASE\t${RELEASE}`, ...lines].join("\n"))[0]?.jobs ?? [])];
  }
  async function hashOf(key: string): Promise<Record<string, string>> {
    const flat = (await server.command("HGETALL", key)) as string[];
    return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
  }
  const idle = () =>
    waitFor("the queue to be empty", async () => (await queue.getJobCountByTypes("wait", "active")) === 0);

  test("are retried where they are still there, with all their attempts, once", async () => {
    const [held] = await failed({ name: "one", opts: { attempts: 1, jobId: "order-1" } });
    if (held === undefined) throw new Error("not held");
    expect(await queues.runAgain(held, undefined)).toEqual({ kind: "again" });
    await idle();
    expect(await queues.runAgain(held, undefined)).toEqual({ kind: "since" });
    await idle();
    expect(did).toEqual(["one"]);
  });

  test("are added under the same id where removeOnFail took them, with their data and options", async () => {
    const [named, numbered] = await failed(
      { name: "one", opts: { removeOnFail: true, jobId: "order-2", priority: 3, attempts: 1 } },
      { name: "two", opts: { removeOnFail: true } },
    );
    if (named === undefined || numbered === undefined) throw new Error("not held");
    expect(await queue.getJob("order-2")).toBeUndefined();
    await worker.pause();
    for (const held of [named, numbered]) expect(await queues.runAgain(held, undefined)).toEqual({ kind: "again" });
    const [first, second] = [await queue.getJob("order-2"), await queue.getJob(`replayed-${numbered.id}`)];
    expect(first).toMatchObject({ data: { order: "one" }, opts: { removeOnFail: true, priority: 3, attempts: 1 } });
    expect(second).toMatchObject({ name: "two" });
    for (const held of [named, numbered]) expect(await queues.runAgain(held, undefined)).toEqual({ kind: "since" });
    worker.resume();
    await idle();
    expect([...did].sort()).toEqual(["one", "two"]);
  });

  test("that an interrupted replay has added, and that are done and gone, aren't added twice", async () => {
    const [held] = await failed({
      name: "one",
      opts: { removeOnFail: true, removeOnComplete: true, jobId: "order-3", attempts: 1 },
    });
    if (held === undefined) throw new Error("not held");
    const begun = new Date();
    await new Promise((done) => setTimeout(done, 5_200));
    expect(await queues.runAgain(held, undefined)).toEqual({ kind: "again" });
    await idle();
    expect(await queue.getJob("order-3")).toBeUndefined();
    expect(await queues.runAgain(held, { begun })).toEqual({ kind: "since" });
    expect(await queues.runAgain(held, "done")).toEqual({ kind: "since" });
    expect(did).toEqual(["one"]);
  });

  test("that failed once more since are left to those who know why", async () => {
    const [held] = await failed({ name: "one", opts: { jobId: "order-6" } });
    if (held === undefined) throw new Error("not held");
    isBroken = true;
    const over = new Promise((end) => worker.once("failed", end));
    expect(await queues.runAgain(held, undefined)).toEqual({ kind: "again" });
    await over;
    expect(await queue.getFailedCount()).toBe(1);
    expect(await queues.runAgain(held, undefined)).toEqual({ kind: "since" });
  });

  test("stay as they are in a queue that is paused", async () => {
    const [held] = await failed({ name: "one" });
    if (held === undefined) throw new Error("not held");
    await queue.pause();
    expect(await queues.runAgain(held, undefined)).toMatchObject({ kind: "refused", reason: /is paused/ });
  });

  test("are noted on the server before and after they run, those that can't be run before alone", async () => {
    const jobs = await failed({ name: "one", opts: { jobId: "order-4" } }, { name: "two", opts: { jobId: "order-5" } });
    const notes: string[] = [];
    const noting = {
      begin: async (_: string, lines: readonly number[]) => void notes.push(`begin ${lines}`),
      done: async (_: string, lines: readonly number[]) => void notes.push(`done ${lines}`),
    } as unknown as ReplayServer;
    const release = { id: RELEASE, jobs, marks: new Map() };
    const parts = { server: noting, queues, signal: new AbortController().signal, onProgress: () => {} };
    expect(await replay(release, ({ name }) => name === "two", parts)).toMatchObject({ again: 1, since: 0 });
    expect(notes).toEqual(["begin 2", "done 2"]);
    const stopped = AbortSignal.abort();
    expect(await replay(release, () => true, { ...parts, signal: stopped })).toMatchObject({
      again: 0,
      interrupted: true,
    });
  });

  test("keep what their application noted of the queue", async () => {
    const [held] = await failed({ name: "one" });
    if (held === undefined) throw new Error("not held");
    await server.command("HSET", queue.toKey("meta"), "opts.maxLenEvents", "77", "version", "bullmq:5.0.0");
    await queues.runAgain(held, undefined);
    expect(await hashOf(queue.toKey("meta"))).toMatchObject({
      "opts.maxLenEvents": "77",
      version: "bullmq:5.0.0",
    });
  });
});

test("what a server holds is read with its notes, and counted by queue and reason", () => {
  const job = (id: string, reason: string) => JSON.stringify({ queue: "orders", id, failedReason: reason });
  const text = [
    "RELEASE\tbbbbbbbbbbbb",
    job("1", "out of paper\n  at print"),
    job("2", "out of paper"),
    job("3", "no ink"),
    "MARK\tbegin\tr1\t1700000000\tanna\t1",
    "MARK\tdone\tr1\t1700000001\tanna\t1",
    "MARK\tbegin\tr2\t1700000002\tanna\t2",
    "RELEASE\tcccccccccccc",
    "",
  ].join("\n");
  const [first, second] = parseHeld(text);
  if (first === undefined) throw new Error("not read");
  expect(second).toMatchObject({ id: "cccccccccccc", jobs: [] });
  expect(open(first).map(({ id, line }) => [id, line])).toEqual([
    ["2", 2],
    ["3", 3],
  ]);
  expect(first.marks.get(2)).toEqual({ begun: new Date(1_700_000_002_000) });
  expect(counts(first.jobs)).toEqual([
    { queue: "orders", reason: "out of paper", count: 2 },
    { queue: "orders", reason: "no ink", count: 1 },
  ]);
});
