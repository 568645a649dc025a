import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Execution } from "../../../../app/jobs/run/execution";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { waitFor } from "../../../support/wait-for";
import { newJob, newTask, taken, World } from "./support/world";

let world: World;
afterEach(async () => {
  await world.close();
});

/** Two executors on one task database, as a backend and a worker have them. */
async function two(run: (execution: Execution) => Promise<unknown>) {
  const probe = defineJob({
    name: "probe",
    queue: "work",
    description: "",
    payload: z.looseObject({}),
    run: (_, execution) => run(execution),
  });
  world = new World([probe]);
  const store = await world.store();
  const job = newJob("probe");
  return { store, one: world.executor(store), other: world.executor(await world.store()), job };
}

describe("once", () => {
  it("has an effect once, however many run the job at the same time, and all get what it gave", async () => {
    let had = 0;
    const { store, one, other, job } = await two(({ once }) =>
      once(async () => {
        had += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return { number: had };
      }),
    );
    await store.insert(newTask(job));
    const outcomes = await Promise.all([one, other, one, other].map((executor) => executor.run(taken(job))));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ kind: "completed", result: '{"number":1}' })));
    expect(had).toBe(1);
  });

  it("is undone with the run's failure in it, and had by the next", async () => {
    let tries = 0;
    const { store, one, job } = await two(({ once }) =>
      once(async (transaction) => {
        tries += 1;
        await transaction.insertInto("jobs_effects").values({ key: "own", result: null, created_at: 0 }).execute();
        if (tries === 1) throw new Error("after the effect");
        return tries;
      }),
    );
    await store.insert(newTask(job));
    expect(await one.run(taken(job))).toMatchObject({ kind: "failed", final: false });
    expect(await store.effect("own")).toBeUndefined();
    expect(await one.run(taken(job, { attempt: 2 }))).toEqual({ kind: "completed", result: "2" });
    expect(await store.effect("own")).toEqual({ result: null });
  });

  it("gives the same to the first and to repeats, also nothing", async () => {
    const got: unknown[] = [];
    const { store, one, job } = await two(async ({ once }) => {
      for (const _ of [1, 2]) {
        got.push(await once(async () => ({ at: new Date(0) }), "dated"));
        got.push(await once(async () => undefined, "nothing"));
      }
    });
    await store.insert(newTask(job));
    await one.run(taken(job));
    expect(got).toEqual([{ at: "1970-01-01T00:00:00.000Z" }, undefined, { at: "1970-01-01T00:00:00.000Z" }, undefined]);
  });
});

describe("deliver", () => {
  it("has an effect without a transaction open, passes its key along, and not again after its mark", async () => {
    const keys: string[] = [];
    const { store, one, other, job } = await two(async ({ deliver, attempt }) => {
      const sent = await deliver(async (key) => {
        keys.push(key);
        // Would wait for ever for a transaction that is open around it.
        await store.transaction((transaction) => store.mark("another", transaction));
        return "sent";
      });
      if (attempt === 1) throw new Error("after the effect");
      return sent;
    });
    await store.insert(newTask(job));
    expect(await one.run(taken(job))).toMatchObject({ kind: "failed", error: "after the effect" });
    expect(await other.run(taken(job, { attempt: 2 }))).toEqual({ kind: "completed", result: '"sent"' });
    expect(keys).toEqual([job.id]);
  });

  it("has it once, where the job runs twice at a time, and gives both what it gave", async () => {
    let had = 0;
    const gate = Promise.withResolvers<void>();
    const { store, one, other, job } = await two(({ deliver }) =>
      deliver(async () => {
        had += 1;
        await gate.promise;
        return had;
      }),
    );
    await store.insert(newTask(job));
    const first = one.run(taken(job));
    await waitFor("it is being had", () => had === 1);
    const stop = new AbortController();
    const [second, stopped] = [other.run(taken(job)), other.run(taken(job, { signal: stop.signal }))];
    await waitFor("all run", () => world.lines.filter((line) => line.includes("gestartet")).length === 3);
    stop.abort();
    expect(await stopped).toEqual({ kind: "handed back" });
    gate.resolve();
    expect(await Promise.all([first, second])).toEqual([
      { kind: "completed", result: "1" },
      { kind: "completed", result: "1" },
    ]);
    expect(had).toBe(1);
  });

  it("has it again when it failed", async () => {
    let tries = 0;
    const { store, one, job } = await two(({ deliver }) =>
      deliver(async () => {
        tries += 1;
        if (tries === 1) throw new Error("refused");
        return tries;
      }),
    );
    await store.insert(newTask(job));
    await one.run(taken(job));
    expect(await one.run(taken(job, { attempt: 2 }))).toEqual({ kind: "completed", result: "2" });
  });
});
