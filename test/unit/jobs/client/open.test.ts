import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJobs } from "../../../../app/jobs/client/open";
import { SettingsInvalid } from "../../../../app/jobs/errors";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, gates, slow, strict, table, tracked } from "./support";

describe.skipIf(redis.missing)(`a client${redis.note}`, () => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());

  it("isn't opened with queues that the table doesn't have", async () => {
    const opening = clients.client(clients.settings({ QUEUES: "mail,nowhere" }));
    await expect(opening).rejects.toThrow("QUEUES: should be some of mail, other, got nowhere");
  });

  it("has its queue from the first job on", async () => {
    const jobs = await openJobs(table, clients.settings(), { log: (line) => clients.lines.push(line) });
    const { outcome } = await jobs.enqueue(strict, { name: "first" }).finally(() => jobs.shutdown());
    expect(outcome).toBe("queued");
  });

  it("takes no jobs without a queue", async () => {
    const jobs = await clients.client(clients.settings({ QUEUE_ENABLED: "false" }));
    expect(() => jobs.work()).toThrow(SettingsInvalid);
  });

  it("takes the jobs of the queues that it is told to", async () => {
    const jobs = await clients.client(clients.settings({ QUEUES: "other" }));
    jobs.work();
    const mail = await jobs.enqueue(tracked, { name: "mail" });
    const other = await jobs.enqueue(tracked, { name: "other" }, { queue: "other" });
    await waitFor("the other one is done", async () => (await jobs.status(other.id))?.status === "completed");
    expect(await jobs.status(mail.id)).toMatchObject({ status: "waiting" });
  });

  it("finishes what runs when it is shut down, and leaves nothing behind", async () => {
    const settings = clients.settings();
    const jobs = await clients.client(settings);
    const { id } = await jobs.enqueue(slow, { name: "last" });
    jobs.work();
    await waitFor("it runs", () => gates.has("last"));
    const shared = join(settings.stateDir, "metrics");
    await waitFor("its metrics are shared", () => readdirSync(shared).length === 1);
    // All that doesn't wait for the job has ended by then.
    setTimeout(() => gates.get("last")?.(), 300);
    await jobs.shutdown();
    await jobs.shutdown();
    expect(readdirSync(shared)).toEqual([]);
    const later = await clients.client(settings);
    expect(await later.status(id)).toMatchObject({ status: "completed" });
  });
});
