import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Comparing } from "../../../../app/jobs/client/comparing";
import type { Jobs } from "../../../../app/jobs/client/types";
import type { Provider } from "../../../../app/jobs/provider/provider";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, done, gates, patient, slow } from "./support";

const HOUR = 3_600_000;

describe.skipIf(redis.missing)(`comparing the task table with the queue${redis.note}`, () => {
  let clients: Clients;
  let jobs: Jobs;
  let comparing: Comparing;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());
  beforeEach(async () => {
    done.length = 0;
    jobs = await clients.client();
    const log = (line: string) => clients.lines.push(line);
    comparing = new Comparing({ store: jobs.store, provider: jobs.provider as Provider, log, longestRun: HOUR });
    await comparing.stop();
  });

  const statusOf = async (id: string) => (await jobs.status(id))?.status;
  const outgoing = async () => (await jobs.health()).outgoing;
  const brought = () => waitFor("all is in the queue", async () => (await outgoing()) === 0);

  it("brings what the queue has lost there again, to be run once", async () => {
    const { id } = await jobs.enqueue(patient, { name: "lost" });
    const { id: later } = await jobs.enqueue(patient, { name: "later" }, { delay: 10 * HOUR });
    await brought();
    await clients.server.command("FLUSHALL");
    await comparing.look();
    expect(await outgoing()).toBe(0);
    await comparing.look(Date.now() + HOUR);
    jobs.work();
    await waitFor("it is done", async () => (await statusOf(id)) === "completed");
    await comparing.look(Date.now() + HOUR);
    expect(done).toEqual(["lost"]);
    expect(await outgoing()).toBe(0);
    expect(await statusOf(later)).toBe("scheduled");
    expect(clients.lines).toContain(`[Queue Service] Job ${id} (patient) fehlt in der Queue, kommt wieder hinein`);
  });

  it("leaves what waits or runs in the queue, and what may run still", async () => {
    const { id: runs } = await jobs.enqueue(slow, { name: "kept" });
    const working = jobs.work();
    await waitFor("it runs", () => gates.has("kept"));
    await jobs.pause("mail");
    const { id: waits } = await jobs.enqueue(patient, { name: "paused" });
    await brought();
    await comparing.look(Date.now() + 10 * HOUR);
    await clients.server.command("FLUSHALL");
    await comparing.look(Date.now() + HOUR / 2);
    expect(await Promise.all([statusOf(runs), statusOf(waits)])).toEqual(["active", "waiting"]);
    const lost = clients.lines.filter((line) => line.includes("fehlt in der Queue"));
    expect(lost.filter((line) => line.includes(runs))).toEqual([]);
    gates.get("kept")?.();
    await working.stop(0);
  });

  it("finishes what the queue has finished without us", async () => {
    const good = await jobs.enqueue(patient, { name: "good" });
    const bad = await jobs.enqueue(patient, { name: "bad" }, { attempts: 1 });
    await brought();
    // As a release does that knows of no task table.
    const foreign = jobs.provider?.work(
      ["mail"],
      async ({ id }) =>
        id === good.id ? { kind: "completed", result: "1" } : { kind: "failed", error: "no luck", final: true },
      { concurrency: 1 },
      {},
    );
    const inQueue = async (id: string) => (await jobs.provider?.find("mail", id))?.status;
    await waitFor(
      "both are done",
      async () => (await inQueue(bad.id)) === "failed" && (await inQueue(good.id)) === "completed",
    );
    await foreign?.stop(0);
    expect(await statusOf(good.id)).toBe("waiting");
    await comparing.look(Date.now() + HOUR);
    expect(await jobs.status(good.id)).toMatchObject({ status: "completed", result: 1 });
    expect(await jobs.status(bad.id)).toMatchObject({ status: "failed", error: "no luck" });
    expect((await jobs.deadLetters()).letters).toMatchObject([{ id: bad.id, reason: "no luck" }]);
  });
});
