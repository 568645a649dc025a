import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Jobs } from "../../../../app/jobs/client/types";
import type { Provider } from "../../../../app/jobs/provider/provider";
import { exportJobs, importJobs } from "../../../../app/jobs/provider/transfer";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, table, tracked } from "./support";

let broken = true;
const mended = defineJob({
  ...{ ...tracked, name: "mended", description: "Fails until it is mended", attempts: 1 },
  run: async () => {
    if (broken) throw new Error("not mended");
  },
});

describe.skipIf(redis.missing)(`jobs that failed for good and were moved${redis.note}`, () => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());

  const providerOf = ({ provider }: Jobs): Provider => {
    if (!provider) throw new Error("there is no queue");
    return provider;
  };

  it("run where they arrive, and their letters go", async () => {
    const of = { ...table, jobs: [...table.jobs, mended] };
    const STATE_DIR = clients.folder();
    const old = await clients.client(clients.settings({ STATE_DIR, QUEUE_PREFIX: "from" }), of);
    const fresh = await clients.client(clients.settings({ STATE_DIR, QUEUE_PREFIX: "to" }), of);
    const { id } = await old.enqueue(mended, { name: "x" });
    const working = old.work();
    await waitFor("it failed", async () => (await old.deadLetters()).total === 1);
    await working.stop(1000);
    broken = false;

    const dump = await exportJobs(providerOf(old), "from", ["mail"], { failed: true, pauseMs: 1000 });
    expect(await importJobs(providerOf(fresh), ["mail"], dump)).toMatchObject({ added: 1 });
    fresh.work();
    await waitFor("it is done", async () => (await fresh.status(id))?.status === "completed");
    expect((await fresh.deadLetters()).total).toBe(0);
  });
});
