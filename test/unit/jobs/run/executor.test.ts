import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { Unrecoverable } from "../../../../app/jobs/errors";
import { Aborted, type Execution } from "../../../../app/jobs/run/execution";
import type { Store } from "../../../../app/jobs/store/store";
import { defineJob } from "../../../../app/jobs/table/define-job";
import type { JobDefinition } from "../../../../app/jobs/table/types";
import { waitFor } from "../../../support/wait-for";
import { newJob, newTask, taken, World } from "./support/world";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const anything = z.looseObject({});
type Run = (payload: Record<string, unknown>, execution: Execution) => Promise<unknown>;

/** A world with one type of job, `probe`. */
async function worldOf(run: Run, more: Partial<JobDefinition<"probe", typeof anything>> = {}) {
  world = new World([defineJob({ name: "probe", queue: "work", description: "", payload: anything, run, ...more })]);
  const store = await world.store();
  return { world, store, executor: world.executor(store) };
}

async function stored(store: Store, some: Parameters<typeof newJob>[1] = {}) {
  const job = newJob("probe", some);
  await store.insert(newTask(job));
  return job;
}

it("completes a task with its result, and says so", async () => {
  const { world, store, executor } = await worldOf(async ({ n }, { progress }) => {
    await progress(100, "genau gerechnet");
    return { double: Number(n) * 2 };
  });
  const job = await stored(store, { payload: '{"n":21}' });
  const readyAt = Date.now() - 5000;
  expect(await executor.run(taken(job, { readyAt }))).toEqual({ kind: "completed", result: '{"double":42}' });
  expect(await store.find(job.id)).toMatchObject({ status: "completed", progress: 100, result: '{"double":42}' });
  expect(world.lines[0]).toBe(`[Work] Job ${job.id} gestartet (Versuch 1)`);
  expect(world.lines[1]).toMatch(new RegExp(`^\\[Work\\] Job ${job.id} fertig \\(\\d+ ms, genau gerechnet\\)$`));
  expect(world.ended).toMatchObject([{ type: "probe", queue: "work", outcome: "completed" }]);
  expect(world.ended[0]?.waitMs).toBeGreaterThanOrEqual(5000);
});

it("gives what fails back while attempts are left, and buries it after the last", async () => {
  const { world, store, executor } = await worldOf(async (_, { attempt }) => {
    throw new Error(`no ${attempt}`);
  });
  const job = await stored(store, { attempts: 2, backoff: 40 });
  expect(await executor.run(taken(job))).toEqual({ kind: "failed", error: "no 1", final: false });
  expect(await store.find(job.id)).toMatchObject({ status: "scheduled", error: "no 1", attempt: 1 });
  expect(await executor.run(taken(job, { attempt: 2 }))).toEqual({ kind: "failed", error: "no 2", final: true });
  expect(await store.find(job.id)).toMatchObject({ status: "failed", error: "no 2", attempt: 2 });
  expect(await store.deadLetter(job.id)).toMatchObject({ type: "probe", queue: "work", reason: "no 2", attempts: 2 });
  expect(world.lines.at(-1)).toBe(`[Work] Job ${job.id} fehlgeschlagen: no 2`);
  expect(world.ended.map(({ outcome }) => outcome)).toEqual(["again", "failed"]);
});

it("fails what the task database doesn't take the end of", async () => {
  const { world, store } = await worldOf(async () => {});
  const complete = async () => Promise.reject(new Error("too much"));
  const executor = world.executor({ ...store, complete });
  const job = await stored(store, { attempts: 1 });
  expect(await executor.run(taken(job))).toEqual({ kind: "failed", error: "too much", final: true });
  expect(await store.find(job.id)).toMatchObject({ status: "failed", error: "too much" });
  expect(await store.deadLetter(job.id)).toMatchObject({ reason: "too much" });
});

it("fails for good at once what is unrecoverable, unreadable, or gives what JSON can't carry", async () => {
  const { store, executor } = await worldOf(
    async ({ n }) => {
      if (n === 1) throw new Unrecoverable("never");
      return 1n;
    },
    { payload: z.looseObject({ n: z.number() }) as never },
  );
  const run = async (payload: string) => await executor.run(taken(await stored(store, { payload })));
  expect(await run('{"n":1}')).toEqual({ kind: "failed", error: "never", final: true });
  expect(await run('{"n":"x"}')).toMatchObject({
    kind: "failed",
    error: expect.stringMatching(/^ungültige Daten: .*n: /),
    final: true,
  });
  expect(await run("[]")).toMatchObject({
    kind: "failed",
    error: expect.stringContaining("ungültige Daten"),
    final: true,
  });
  expect(await run('{"n":2}')).toMatchObject({ error: expect.stringContaining("JSON can carry"), final: true });
  expect((await store.deadLetters({})).total).toBe(4);
});

describe("a job of another release", () => {
  const day = 24 * 60 * 60 * 1000;
  const handedBack = { kind: "handed back", afterMs: 30_000 };
  const sealed = { user: "eva", pin: { $enc: "other:AAAA" } };
  it.each([
    ["of a type that this one doesn't know", newJob("newer"), 'unbekannter Jobtyp "newer"'],
    ["of a newer version", newJob("probe", { payload: '{"$v":2}' }), "probe: the payload has version 2"],
    ["with a key that isn't here", newJob("probe", { payload: JSON.stringify(sealed) }), 'the key "other"'],
  ])("%s waits for that, and is tried here after a day", async (_, job, error) => {
    const { world, store, executor } = await worldOf(async () => {});
    await store.insert(newTask(job));
    for (let look = 0; look < 5; look += 1)
      expect(await executor.run(taken({ ...job, attempts: 1 }))).toEqual(handedBack);
    expect((await store.find(job.id))?.finishedAt).toBeNull();
    expect(await store.deadLetter(job.id)).toBeUndefined();
    expect(world.lines.at(-1)).toContain(`Job ${job.id} fehlgeschlagen: `);
    const late = { dueAt: Date.now() - day };
    const failed = { kind: "failed", error: expect.stringContaining(error) };
    expect(await executor.run(taken({ ...job, attempts: 2 }, late))).toEqual({ ...failed, final: false });
    expect(await executor.run(taken({ ...job, attempts: 2 }, { ...late, attempt: 2 }))).toEqual({
      ...failed,
      final: true,
    });
    expect((await store.deadLetter(job.id))?.reason).toContain(error);
  });
});

it("makes a row for a job that has none, and runs it", async () => {
  const { store, executor } = await worldOf(async () => "done");
  const job = newJob("probe", { id: "repeat:nightly:1", payload: '{"a":1}' });
  expect(await executor.run(taken(job))).toEqual({ kind: "completed", result: '"done"' });
  expect(await store.find(job.id)).toMatchObject({ status: "completed", type: "probe", payload: '{"a":1}' });
  expect(await store.outgoing()).toBe(0);
});

it("does nothing for a task that was completed or cancelled before", async () => {
  let runs = 0;
  const { store, executor } = await worldOf(async () => ++runs);
  const [done, gone] = [await stored(store), await stored(store)];
  await executor.run(taken(done));
  await store.cancel(gone.id);
  expect(await executor.run(taken(done))).toEqual({ kind: "completed", result: "1" });
  expect(await executor.run(taken(gone))).toEqual({ kind: "failed", error: "cancelled", final: true });
  expect(runs).toBe(1);
});

/** Ends when its signal aborts, with that as its error. */
const untilAborted: Run = async (_, { signal }) => {
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
};

it("aborts at the soft limit, which counts as a failure", async () => {
  const { store, executor } = await worldOf(untilAborted, { timeLimits: { soft: 0.05, hard: 30 } });
  const job = await stored(store);
  expect(await executor.run(taken(job))).toEqual({ kind: "failed", error: "soft time limit", final: false });
});

it("gives a run up at the hard limit, and that run has no effect any more", async () => {
  const late = Promise.withResolvers<unknown>();
  const { store, executor } = await worldOf(
    async (_, { once, signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 300)));
      await once(async () => "too late").catch(late.resolve);
    },
    { timeLimits: { soft: 0.05, hard: 0.1 } },
  );
  const job = await stored(store, { attempts: 1 });
  expect(await executor.run(taken(job))).toEqual({ kind: "failed", error: "hard time limit", final: true });
  expect(await late.promise).toEqual(new Aborted("hard time limit"));
  expect(await store.effect(job.id)).toBeUndefined();
});

it("hands back what the worker's end interrupts, without a failure", async () => {
  const { world, store, executor } = await worldOf(untilAborted);
  const job = await stored(store);
  const stop = new AbortController();
  const outcome = executor.run(taken(job, { signal: stop.signal }));
  await waitFor("its start", async () => (await store.find(job.id))?.status === "active");
  stop.abort(new Aborted("worker stops"));
  expect(await outcome).toEqual({ kind: "handed back" });
  expect(await store.find(job.id)).toMatchObject({ status: "waiting", error: null });
  expect(world.lines.at(-1)).toBe(`[Work] Job ${job.id} zurück in die Queue gelegt`);
});

it("tells a running task that somebody wants it cancelled", async () => {
  const { world, store, executor } = await worldOf(untilAborted);
  const job = await stored(store);
  const outcome = executor.run(taken(job));
  await waitFor("its start", async () => (await store.find(job.id))?.status === "active");
  expect(await store.cancel(job.id)).toBe("requested");
  expect(await outcome).toEqual({ kind: "failed", error: "cancelled", final: true });
  expect((await store.find(job.id))?.status).toBe("cancelled");
  expect(await store.deadLetter(job.id)).toBeUndefined();
  expect(world.lines.at(-1)).toBe(`[Work] Job ${job.id} abgebrochen`);
});

it("completes what pays no heed to its cancelling", async () => {
  const { store, executor } = await worldOf(async (_, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return "all the same";
  });
  const job = await stored(store);
  const outcome = executor.run(taken(job));
  await waitFor("its start", async () => (await store.find(job.id))?.status === "active");
  await store.cancel(job.id);
  expect(await outcome).toEqual({ kind: "completed", result: '"all the same"' });
});

it("passes progress on at intervals, the last of it in any case", async () => {
  const seen: number[] = [];
  const { store, executor } = await worldOf(async (_, { progress }) => {
    for (let percent = 0; percent < 1000; percent++) await progress(percent / 10);
    await progress(Number.NaN);
    await progress(77.5, "almost");
    throw new Error("here");
  });
  const job = await stored(store, { attempts: 1 });
  await executor.run(taken(job, { progress: async (percent) => void seen.push(percent) }));
  expect(seen.at(-1)).toBe(77.5);
  expect(seen.length).toBeLessThan(20);
  expect(await store.find(job.id)).toMatchObject({ progress: 77.5, message: "almost" });
});

it("leaves the task database alone for types that aren't tracked, but for effects and the dead", async () => {
  const { world, store, executor } = await worldOf(
    async ({ fail }, { once }) => {
      if (fail) throw new Error("no");
      return await once(async () => "had");
    },
    { tracked: false },
  );
  const fine = newJob("probe");
  const bad = newJob("probe", { payload: '{"fail":true}', attempts: 1 });
  expect(await executor.run(taken(fine))).toEqual({ kind: "completed", result: '"had"' });
  expect(await executor.run(taken(bad))).toEqual({ kind: "failed", error: "no", final: true });
  expect((await store.list({})).total).toBe(0);
  expect(await store.effect(fine.id)).toEqual({ result: '"had"' });
  expect(await store.deadLetter(bad.id)).toMatchObject({ payload: '{"fail":true}' });
  // There may be thousands a second.
  expect(world.lines).toEqual([`[Work] Job ${bad.id} fehlgeschlagen: no`]);
});

it("buries what the provider has given up", async () => {
  const { world, store, executor } = await worldOf(async () => {});
  const job = await stored(store);
  await executor.gaveUp(taken(job), "stalled too often");
  expect((await store.find(job.id))?.status).toBe("failed");
  expect(await store.deadLetter(job.id)).toMatchObject({ reason: "stalled too often" });
  expect(world.lines).toEqual([`[Work] Job ${job.id} fehlgeschlagen: stalled too often`]);
});
