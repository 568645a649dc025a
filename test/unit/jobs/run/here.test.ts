import { afterEach, expect, it } from "vitest";
import { z } from "zod";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { waitFor } from "../../../support/wait-for";
import { newJob, newTask, taken, World } from "./support/world";

let world: World;
afterEach(async () => {
  await world.close();
});

async function worldOf(run: () => Promise<unknown>, tracked = true) {
  world = new World([
    defineJob({ name: "probe", queue: "work", description: "", payload: z.looseObject({}), tracked, run }),
  ]);
  const store = await world.store();
  return { store, executor: world.executor(store) };
}

it("runs a task in the caller, once, and it needn't get to the queue any more", async () => {
  let runs = 0;
  const { store, executor } = await worldOf(async () => ++runs);
  const job = newJob("probe");
  await store.insert(newTask(job));
  expect(await Promise.all([executor.runHere(job), executor.runHere(job)])).toEqual([true, false]);
  expect(await store.find(job.id)).toMatchObject({ status: "completed", result: "1" });
  expect(await store.outgoing()).toBe(0);
});

it("has a worker that gets the same task wait for what comes of it", async () => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const { store, executor } = await worldOf(async () => {
    runs += 1;
    await gate.promise;
    return runs;
  });
  const job = newJob("probe");
  await store.insert(newTask(job));
  const here = executor.runHere(job);
  await waitFor("it runs here", () => runs === 1);
  const other = world.executor(await world.store());
  const stop = new AbortController();
  const [stopped, waiting] = [other.run(taken(job, { signal: stop.signal })), other.run(taken(job))];
  stop.abort();
  expect(await stopped).toEqual({ kind: "handed back" });
  gate.resolve();
  expect(await here).toBe(true);
  expect(await waiting).toEqual({ kind: "completed", result: "1" });
  expect(runs).toBe(1);
});

it("throws what the job throws; with attempts left, the task goes to the queue", async () => {
  const { store, executor } = await worldOf(async () => {
    throw new RangeError("too far");
  });
  const [twice, single] = [newJob("probe", { backoff: 60_000 }), newJob("probe", { attempts: 1 })];
  await store.insertMany([newTask(twice), newTask(single)]);
  await expect(executor.runHere(twice)).rejects.toThrow(RangeError);
  await expect(executor.runHere(single)).rejects.toThrow("too far");
  expect((await store.find(twice.id))?.status).toBe("scheduled");
  expect(await store.outgoing()).toBe(1);
  expect((await store.find(single.id))?.status).toBe("failed");
  expect(await store.deadLetter(single.id)).toMatchObject({ reason: "too far" });
});

it("tells the caller alone when a job fails that isn't tracked", async () => {
  const { store, executor } = await worldOf(async () => {
    throw new Error("no");
  }, false);
  await expect(executor.runHere(newJob("probe", { attempts: 1 }))).rejects.toThrow("no");
  expect((await store.deadLetters({})).total).toBe(0);
});
