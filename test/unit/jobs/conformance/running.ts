import { expect, test } from "vitest";
import type { Outcome, TakenJob } from "../../../../app/jobs/provider/provider";
import { Aborted } from "../../../../app/jobs/run/execution";
import { waitFor } from "../../../support/wait-for";
import { gate, type Site } from "./harness";
import { newJob } from "./table";

/** What becomes of a job that is run. */
export function runs(site: () => Site): void {
  test("a job is run once, with what it carries, and its end is noted", async () => {
    const provider = await site().open();
    const job = newJob({ payload: '{"a":[1,{"b":"ü"}]}', priority: 2, backoff: 70 });
    await provider.add([job]);
    const seen: unknown[] = [];
    let ready = 0;
    const events = { ready: () => void ready++ };
    site().work(
      provider,
      ["first"],
      async ({ signal, progress: _, readyAt, dueAt: __, ...taken }) => {
        seen.push({ ...taken, aborted: signal.aborted, waited: readyAt === null || readyAt <= Date.now() });
        return { kind: "completed", result: '{"pages":3}' };
      },
      { events },
    );
    const ended = await waitFor("its end", async () => {
      const found = await provider.find("first", job.id);
      return found?.status === "completed" ? found : undefined;
    });
    const { id, queue, type, payload, attempts, backoff, priority } = job;
    const carried = { id, queue, type, payload, attempts, backoff, priority };
    expect(seen).toEqual([{ ...carried, attempt: 1, aborted: false, waited: true }]);
    expect(ended).toMatchObject({ result: '{"pages":3}', error: null, attempt: 1 });
    expect(ended.startedAt).toBeGreaterThanOrEqual(ended.createdAt);
    expect(ended.finishedAt).toBeGreaterThanOrEqual(ended.startedAt ?? Number.POSITIVE_INFINITY);
    expect(ready).toBe(1);
  });

  test("two workers never run the same job", async () => {
    const [one, other] = [await site().open(), await site().open()];
    const jobs = Array.from({ length: 60 }, () => newJob());
    await one.add(jobs);
    for (const provider of [one, other]) site().work(provider, ["first"], undefined, { concurrency: 5 });
    await waitFor("their ends", async () => (await one.counts("first")).completed === 60);
    expect([...site().runs].sort()).toEqual(jobs.map(({ id }) => `${id}#1`).sort());
  });

  test("a job for later is run then, not before", async () => {
    const provider = await site().open();
    const runAt = Date.now() + 700;
    const job = newJob({ runAt });
    await provider.add([job, newJob({ runAt: Date.now() - 1000 })]);
    expect(await provider.find("first", job.id)).toMatchObject({ status: "scheduled", runAt });
    expect((await provider.counts("first")).waiting).toBe(1);
    let ranAt = 0;
    site().work(provider, ["first"], async ({ id }) => {
      if (id === job.id) ranAt = Date.now();
      return undefined;
    });
    await site().ran(2);
    expect(ranAt).toBeGreaterThanOrEqual(runAt);
  });

  test("a failed run is tried again, after twice as long each time, until the attempts are used up", async () => {
    const provider = await site().open();
    const job = newJob({ attempts: 3, backoff: 500 });
    await provider.add([job]);
    const begun: number[] = [];
    site().work(provider, ["first"], async () => {
      begun.push(Date.now());
      return { kind: "failed", error: `try ${begun.length}`, final: false };
    });
    for (const [attempt, pause] of [
      [1, 500],
      [2, 1000],
    ] as const) {
      const between = await waitFor(`the pause after ${attempt}`, async () => {
        const found = await provider.find("first", job.id);
        return found?.status === "scheduled" && found.attempt === attempt ? found : undefined;
      });
      expect(between.error).toBe(`try ${attempt}`);
      expect(between.runAt).toBeGreaterThanOrEqual((begun[attempt - 1] ?? 0) + pause - 50);
    }
    const failed = await waitFor("the failure", async () => {
      const found = await provider.find("first", job.id);
      return found?.status === "failed" ? found : undefined;
    });
    expect(failed).toMatchObject({ attempt: 3, error: "try 3", result: null });
    expect(failed.finishedAt).not.toBeNull();
    expect(site().runs).toEqual([`${job.id}#1`, `${job.id}#2`, `${job.id}#3`]);
    const [first = 0, second = 0, third = 0] = begun;
    expect(second - first).toBeGreaterThanOrEqual(500);
    expect(third - second).toBeGreaterThanOrEqual(1000);
  });

  test("a final failure isn't tried again; retrying gives it all its attempts", async () => {
    const provider = await site().open();
    const job = newJob({ attempts: 2, backoff: 1 });
    const waiting = newJob({ runAt: Date.now() + 60_000 });
    await provider.add([job, waiting]);
    const outcomes: Outcome[] = [
      { kind: "failed", error: "hopeless", final: true },
      { kind: "failed", error: "again", final: false },
      { kind: "completed", result: null },
    ];
    site().work(provider, ["first"], async () => outcomes.shift());
    await waitFor("the failure", async () => (await provider.counts("first")).failed === 1);
    expect(await provider.find("first", job.id)).toMatchObject({ error: "hopeless", attempt: 1 });
    expect(await provider.retry("first", waiting.id)).toBe(false);
    expect(await provider.retry("first", "unknown")).toBe(false);
    expect(await provider.retry("first", job.id)).toBe(true);
    await waitFor("its completion", async () => (await provider.counts("first")).completed === 1);
    expect(site().runs).toEqual([`${job.id}#1`, `${job.id}#1`, `${job.id}#2`]);
    expect(await provider.find("first", job.id)).toMatchObject({ status: "completed", attempt: 2, error: null });
    expect(await provider.retry("first", job.id)).toBe(false);
  });

  test("how far a run has come can be seen from elsewhere", async () => {
    const [provider, other] = [await site().open(), await site().open()];
    const job = newJob();
    const open = gate();
    await provider.add([job]);
    site().work(provider, ["first"], async (taken) => {
      await taken.progress(42);
      await open.promise;
      return undefined;
    });
    await waitFor("42 %", async () => (await other.find("first", job.id))?.progress === 42);
    expect(await other.find("first", job.id)).toMatchObject({ status: "active", attempt: 1 });
    open.resolve();
  });

  test("a worker that stops finishes what it runs and takes no more", async () => {
    const provider = await site().open();
    const open = gate();
    await provider.add([newJob(), newJob()]);
    const worker = site().work(provider, ["first"], async () => {
      await open.promise;
      return undefined;
    });
    await site().ran(1);
    const stopped = worker.stop(10_000);
    open.resolve();
    await stopped;
    expect(await provider.counts("first")).toMatchObject({ waiting: 1, active: 0, completed: 1 });
    expect(site().runs).toHaveLength(1);
  });

  test("a job that lasts longer than that is handed back, and is the next for another worker", async () => {
    const [provider, other] = [await site().open(), await site().open()];
    const [job, behind] = [newJob(), newJob()];
    await provider.add([job, behind]);
    const reasons: unknown[] = [];
    const worker = site().work(provider, ["first"], async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
      return { kind: "handed back" };
    });
    await site().ran(1);
    await worker.stop(10);
    expect(reasons).toEqual([new Aborted("worker stops")]);
    expect(await provider.counts("first")).toMatchObject({ waiting: 2, active: 0, failed: 0 });
    site().work(other);
    expect((await site().ran(3)).slice(0, 3)).toEqual([`${job.id}#1`, `${job.id}#1`, `${behind.id}#1`]);
  });

  test.each([[["first"]], [["first", "second"]]])(
    "a job that is handed back for later is taken then, with all its attempts: %j",
    async (queues) => {
      const provider = await site().open();
      const job = newJob({ attempts: 1 });
      await provider.add([job]);
      const due: number[] = [];
      const errors: Error[] = [];
      const back = async ({ dueAt }: TakenJob): Promise<Outcome | undefined> => {
        due.push(dueAt);
        return due.length === 1 ? { kind: "handed back", afterMs: 700 } : undefined;
      };
      site().work(provider, queues, back, { events: { error: (error) => void errors.push(error) } });
      await waitFor("its wait", async () => (await provider.find("first", job.id))?.status === "scheduled");
      expect(await provider.find("first", job.id)).toMatchObject({ attempt: 0, error: null });
      expect(await site().ran(2)).toEqual([`${job.id}#1`, `${job.id}#1`]);
      expect(due[1]).toBe(due[0]);
      expect(errors).toEqual([]);
    },
  );

  test("what a run throws is its failure", async () => {
    const provider = await site().open();
    const job = newJob({ attempts: 1 });
    await provider.add([job]);
    site().work(provider, ["first"], () => Promise.reject(new Error("thrown")));
    await waitFor("the failure", async () => (await provider.counts("first")).failed === 1);
    expect(await provider.find("first", job.id)).toMatchObject({ error: "thrown" });
  });
}
