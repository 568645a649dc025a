import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Execution } from "../../../../app/jobs/run/execution";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";
import { newJob, newTask, World } from "./support/world";

describe.skipIf(redis.missing)(`workers on BullMQ${redis.note}`, () => {
  let server: RedisServer;
  let world: World;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await world?.close();
  });
  afterAll(async () => {
    await server?.remove();
  });

  type Run = (payload: Record<string, unknown>, execution: Execution) => Promise<unknown>;
  const open = async (run: Run, env: Record<string, string> = {}, tracked = true, queues = ["work"]) => {
    const payload = z.looseObject({});
    const probe = defineJob({ name: "probe", queue: "work", description: "", payload, tracked, run });
    world = new World([probe], { REDIS_PORT: String(server.port), ...env }, queues);
    const store = await world.store();
    const provider = await world.provider();
    const add = async (some: Parameters<typeof newJob>[1] = {}) => {
      const job = newJob("probe", some);
      if (tracked) await store.adopt(newTask(job));
      await provider.add([job]);
      return job;
    };
    const finished = (id: string, status = "completed") =>
      waitFor(`${id} is ${status}`, async () => (await provider.find("work", id))?.status === status);
    return { store, provider, executor: world.executor(store), add, finished };
  };

  it("says that it began, runs jobs, and stops", async () => {
    const { store, provider, executor, add, finished } = await open(async ({ n }) => ({ n }), {
      QUEUE_CONCURRENCY: "7",
    });
    const working = world.work(provider, executor);
    const job = await add({ payload: '{"n":1}' });
    await finished(job.id);
    expect(await store.find(job.id)).toMatchObject({ status: "completed", result: '{"n":1}', attempt: 1 });
    expect(await provider.find("work", job.id)).toMatchObject({ result: '{"n":1}', attempt: 1 });
    expect(world.lines.slice(0, 5)).toEqual([
      "[Queue Service] ✅ Redis-Verbindung hergestellt",
      "[Queue] ✅ Workers gestartet",
      "[Queue] Concurrency: 7 Jobs parallel",
      "[Queue] Queues: work",
      `[Work] Job ${job.id} gestartet (Versuch 1)`,
    ]);
    await working.stop(1000);
    await add();
    expect((await provider.counts("work")).waiting).toBe(1);
  });

  it("tries what failed again after its back-off, and buries it after the last attempt", async () => {
    const { store, provider, executor, add, finished } = await open(async (_, { attempt }) => {
      throw new Error(`no ${attempt}`);
    });
    world.work(provider, executor);
    const job = await add({ attempts: 3, backoff: 20 });
    await finished(job.id, "failed");
    expect(world.ended.map(({ outcome }) => outcome)).toEqual(["again", "again", "failed"]);
    expect(await store.deadLetter(job.id)).toMatchObject({ reason: "no 3", attempts: 3 });
    expect(await store.find(job.id)).toMatchObject({ status: "failed", error: "no 3" });
  });

  it("hands back at its end what lasts too long, and another worker begins it at once", async () => {
    const begun: number[] = [];
    const { provider, executor, add, finished } = await open(async (_, { signal, attempt }) => {
      begun.push(attempt);
      if (begun.length === 1) await new Promise((_, reject) => signal.addEventListener("abort", reject));
    });
    const first = world.work(provider, executor);
    const job = await add();
    await waitFor("its start", () => begun.length === 1);
    await first.stop(10);
    expect(world.lines.at(-1)).toBe(`[Work] Job ${job.id} zurück in die Queue gelegt`);
    expect((await provider.find("work", job.id))?.status).toBe("waiting");
    world.work(provider, executor);
    await finished(job.id);
    expect(begun).toEqual([1, 1]);
  });

  it("asks to be started anew after so many jobs, or with so much memory", async () => {
    const { provider, executor, add } = await open(async () => {}, { QUEUE_MAX_JOBS: "2" }, false);
    const working = world.work(provider, executor);
    await Promise.all([add(), add()]);
    expect(await working.recycle).toBe("2 Jobs (QUEUE_MAX_JOBS=2)");
    await world.close();
    const big = await open(async () => {}, { QUEUE_MAX_MEMORY: "16" }, false);
    const worn = world.work(big.provider, big.executor).recycle;
    await big.add();
    expect(await worn).toMatch(/^\d+ MB \(QUEUE_MAX_MEMORY=16\)$/);
  });

  it("buries what was given up because its workers died too often, also where one worker serves several queues", async () => {
    for (const queues of [["work"], ["work", "other"]]) {
      const { provider, executor, add, store, finished } = await open(async () => "should not run", {}, true, queues);
      const job = await add();
      const queue = (await provider.queues()).get("work");
      // As BullMQ marks it after the last look for dead workers.
      await (await queue?.getBackend().client)?.hset(queue?.toKey(job.id) ?? "", { defa: "stalled too often" });
      world.work(provider, executor);
      await finished(job.id, "failed");
      await waitFor("its dead letter", async () => (await store.deadLetter(job.id))?.reason === "stalled too often");
      expect((await store.find(job.id))?.status).toBe("failed");
      await world.close();
    }
  });

  it("runs what another program has put into the queue, and what is put there by ours can be run by it", async () => {
    const { provider, executor, add, finished, store } = await open(async ({ from }) => from);
    const raw = new Queue("work", { connection: { port: server.port }, prefix: world.settings.prefix });
    await raw.add("probe", { from: "elsewhere" }, { jobId: "foreign-1" });
    const ours = await add({ payload: '{"from":"here"}' });
    expect((await raw.getJob(ours.id))?.data).toEqual({ from: "here" });
    expect((await raw.getJob(ours.id))?.opts).toMatchObject({
      attempts: 3,
      backoff: { type: "exponential", delay: 50 },
    });
    world.work(provider, executor);
    await finished("foreign-1");
    expect(await store.find("foreign-1")).toMatchObject({ status: "completed", result: '"elsewhere"' });
    await raw.close();
  });

  it("runs the job of a killed worker again, and its effect is had once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "queuehost-doomed-"));
    const entry = join(folder, "main.cjs");
    const entryPoints = [join(__dirname, "support", "doomed-worker.ts")];
    await build({ entryPoints, outfile: entry, bundle: true, platform: "node", format: "cjs" });
    let runs = 0;
    const { provider, executor, add, finished, store } = await open(async (_, { once }) => {
      runs += 1;
      return await once(async () => "by the second");
    });
    const job = await add();
    const env = { ...process.env, SETTINGS: JSON.stringify(world.settings) };
    const child = spawn(process.execPath, [entry], { env, stdio: ["ignore", "pipe", "inherit"] });
    const gone = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    // After the effect, before the end: the worst moment.
    expect(await gone).toBe("SIGKILL");
    expect(await store.effect(job.id)).toEqual({ result: '"by the first"' });
    world.work(provider, executor);
    await waitFor("its completion", async () => (await store.find(job.id))?.status === "completed", 19);
    await finished(job.id);
    expect(runs).toBe(1);
    expect(await store.find(job.id)).toMatchObject({ result: '"by the first"', attempt: 1 });
    expect(world.lines).toContain(`[Work] Job ${job.id} eines abgebrochenen Workers läuft noch einmal`);
    rmSync(folder, { recursive: true, force: true });
  }, 40_000);
});
