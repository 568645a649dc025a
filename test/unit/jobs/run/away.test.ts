import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { Aborted, type Execution } from "../../../../app/jobs/run/execution";
import { StoreUnavailable } from "../../../../app/jobs/store/store";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { PostgresServer, postgres } from "../support/postgres";
import { newJob, newTask, taken, World } from "./support/world";

/** Jobs whose task database goes away while they run. */
describe.skipIf(postgres.missing)(`a task database that goes away${postgres.note}`, () => {
  let server: PostgresServer;
  let world: World;
  afterEach(async () => {
    await world?.close();
    await server?.remove();
  });

  const killed = async () => {
    await server.kill();
    return "done";
  };
  const open = async (work: (execution: Execution) => Promise<unknown> = killed) => {
    server = await PostgresServer.start();
    const run = (_: unknown, execution: Execution) => work(execution);
    const probe = defineJob({ name: "probe", queue: "work", description: "", payload: z.looseObject({}), run });
    world = new World([probe], { DATABASE_URL: await server.newDatabase() });
    const store = await world.store();
    const job = newJob("probe");
    await store.insert(newTask(job));
    return { store, executor: world.executor(store), job };
  };

  it("is waited for by a worker, which then notes the end", async () => {
    const { store, executor, job } = await open();
    const outcome = executor.run(taken(job));
    expect(await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 1500, "waits"))])).toBe("waits");
    await server.start();
    expect(await outcome).toEqual({ kind: "completed", result: '"done"' });
    expect((await store.find(job.id))?.status).toBe("completed");
  }, 40_000);

  it("is waited for where an effect was had, which is had once", async () => {
    let had = 0;
    const { executor, job } = await open(({ deliver }) =>
      deliver(async () => {
        had += 1;
        await server.kill();
        // While it can't be told.
        setTimeout(() => void server.start(), 1500);
      }),
    );
    expect(await executor.run(taken(job))).toEqual({ kind: "completed", result: null });
    expect(had).toBe(1);
  }, 40_000);

  it("isn't waited for by a worker that has to end: the job goes back", async () => {
    const { executor, job } = await open();
    const stop = new AbortController();
    const outcome = executor.run(taken(job, { signal: stop.signal }));
    setTimeout(() => stop.abort(new Aborted("worker stops")), 500);
    expect(await outcome).toEqual({ kind: "handed back" });
  }, 40_000);

  it("isn't waited for by a caller that runs the job itself", async () => {
    const { executor, job } = await open();
    await expect(executor.runHere(job)).rejects.toThrow(StoreUnavailable);
  }, 40_000);
});
