import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Jobs } from "../../../../app/jobs/client/types";
import { EncryptionKeyMissing, IdTaken, InputInvalid, PayloadInvalid, QueueFull } from "../../../../app/jobs/errors";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { defineTable } from "../../../../app/jobs/table/define-table";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, done, once, ordered, patient, quick, table, tracked } from "./support";

describe.skipIf(redis.missing)(`enqueueing${redis.note}`, () => {
  let clients: Clients;
  let jobs: Jobs;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());
  beforeEach(async () => {
    done.length = 0;
    jobs = await clients.client();
  });

  const completed = (id: string) =>
    waitFor(`${id} is completed`, async () => (await jobs.status(id))?.status === "completed");

  it("brings a job to the queue, where a worker does it", async () => {
    const { id, outcome, status } = await jobs.enqueue(tracked, { name: "eva" });
    expect({ outcome, status }).toEqual({ outcome: "queued", status: "waiting" });
    const working = jobs.work();
    await completed(id);
    await working.stop(1000);
    expect(done).toEqual(["eva"]);
    expect(await jobs.status(id)).toMatchObject({
      ...{ id, type: "greet", queue: "mail", status: "completed", progress: 100, attempt: 1, attempts: 2, priority: 5 },
      result: { greeted: "eva" },
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      finishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it("runs a job under an own id that the queue remembers still, and the task table no more", async () => {
    jobs.work();
    const inQueue = async () => (await jobs.provider?.find("mail", "to-eva"))?.status;
    const enqueues = [
      () => jobs.enqueue(once, { name: "eva" }),
      () => jobs.enqueueBulk(once, [{ name: "eva" }]),
      () => jobs.store.transaction((transaction) => jobs.enqueueIn(transaction, once, { name: "eva" })),
      () => jobs.enqueue(tracked, { name: "eva" }, { id: "to-eva" }),
    ];
    for (const [index, enqueue] of enqueues.entries()) {
      await enqueue();
      await waitFor("it was run", () => done.length === index + 1);
      await waitFor("the queue has noted it", async () => (await inQueue()) === "completed");
      await jobs.store.prune(Date.now() + 8 * 86_400_000);
      expect((await jobs.store.list({})).total).toBe(0);
    }
  });

  it("does the same for types that aren't tracked", async () => {
    const { id, outcome } = await jobs.enqueue(quick, { name: "ute" });
    expect(outcome).toBe("queued");
    expect((await jobs.store.list({})).total).toBe(0);
    expect(await jobs.status(id)).toMatchObject({ id, type: "quick", status: "waiting" });
    jobs.work();
    await completed(id);
    expect(await jobs.status(id)).toMatchObject({ result: { greeted: "ute" }, progress: 100 });
  });

  it("stores nothing of what is refused, and says where it is wrong", async () => {
    const wrong = async (work: Promise<unknown>, path: string) => {
      const error = await work.catch((thrown: unknown) => thrown);
      const at = error instanceof PayloadInvalid ? error.faults[0]?.path : (error as InputInvalid).fault.path;
      expect(at).toBe(path);
    };
    const name = "x";
    await wrong(jobs.enqueue(tracked, { name: "" }), "name");
    await wrong(jobs.enqueue(tracked, { name }, { queue: "nowhere" }), "queue");
    await wrong(jobs.enqueue(tracked, { name }, { id: "1234" }), "id");
    await wrong(jobs.enqueue(tracked, { name }, { id: "a:b" }), "id");
    await wrong(jobs.enqueue(tracked, { name }, { priority: 11 }), "priority");
    await wrong(jobs.enqueue(tracked, { name }, { priority: "constructor" as never }), "priority");
    await wrong(jobs.enqueue(tracked, { name }, { at: new Date("2020-01-01") }), "at");
    await wrong(jobs.enqueue(tracked, { name }, { at: new Date(Number.NaN) }), "at");
    await wrong(jobs.enqueue(tracked, { name }, { at: "2030-01-01" as never }), "at");
    await wrong(jobs.enqueue(tracked, { name }, { bogus: 1 } as never), "bogus");
    await wrong(jobs.enqueue(undefined as never, { name } as never), "type");
    await wrong(jobs.setRecurring({ name: "jobless", everyMs: 1000 } as never), "type");
    await wrong(jobs.list({ status: "zz" as never }), "status");
    await wrong(jobs.enqueue(tracked, { name }, { at: new Date("2200-01-01") }), "at");
    await wrong(jobs.enqueue(tracked, { name }, { delay: -1 }), "delay");
    await wrong(jobs.enqueue(tracked, { name }, { attempts: 0 }), "attempts");
    await wrong(jobs.enqueue(tracked, { name }, { backoff: 0.5 }), "backoff");
    await wrong(jobs.enqueue({ ...tracked, name: "stranger" } as never, { name } as never), "type");
    await wrong(jobs.enqueueBulk(tracked, [{ name }, { name: "" }]), "1.name");
    await wrong(
      jobs.batch(tracked, ["a"], 0, ([item = ""]) => ({ name: item })),
      "size",
    );
    expect((await jobs.list()).total).toBe(0);
    expect((await jobs.health()).queues.mail?.waiting).toBe(0);
  });

  it("takes a time that has just passed, by somebody's clock, for now", async () => {
    const at = new Date(Date.now() - 30_000);
    expect(await jobs.enqueue(tracked, { name: "eva" }, { at })).toMatchObject({ status: "waiting" });
  });

  it("takes the same job twice for one, and another under its id for a mistake", async () => {
    const first = await jobs.enqueue(tracked, { name: "eva" }, { id: "own-1" });
    expect(first.outcome).toBe("queued");
    expect(await jobs.enqueue(tracked, { name: "eva" }, { id: "own-1" })).toEqual({
      ...{ id: "own-1", outcome: "known", status: "waiting" },
    });
    await expect(jobs.enqueue(tracked, { name: "ida" }, { id: "own-1" })).rejects.toThrow(IdTaken);
    await expect(jobs.enqueue(patient, { name: "eva" }, { id: "own-1" })).rejects.toThrow(IdTaken);
    expect((await jobs.health()).queues.mail?.waiting).toBe(1);
  });

  it("makes the id of what the type says", async () => {
    expect(await jobs.enqueue(once, { name: "eva" })).toMatchObject({ id: "to-eva", outcome: "queued" });
    const bulk = await jobs.enqueueBulk(once, [{ name: "eva" }, { name: "ida" }, { name: "ida" }]);
    expect(bulk.map(({ id, outcome }) => [id, outcome])).toEqual([
      ["to-eva", "known"],
      ["to-ida", "queued"],
      ["to-ida", "known"],
    ]);
    await expect(jobs.enqueue(once, { name: "a b" })).rejects.toThrow(InputInvalid);
  });

  it("takes many at once, and items in batches", async () => {
    const many = Array.from({ length: 1200 }, (_, index) => ({ name: `n${index}` }));
    const bulk = await jobs.enqueueBulk(tracked, many);
    expect(new Set(bulk.map(({ outcome }) => outcome))).toEqual(new Set(["queued"]));
    expect(new Set(bulk.map(({ id }) => id)).size).toBe(1200);
    const unnoticed = await jobs.enqueueBulk(quick, many, { priority: "low" });
    expect(unnoticed).toHaveLength(1200);
    const batches = await jobs.batch(tracked, ["a", "b", "c", "d", "e"], 2, (items) => ({ name: items.join("+") }));
    expect(batches).toHaveLength(3);
    expect((await jobs.health()).queues.mail?.waiting).toBe(2403);
    expect(await jobs.enqueueBulk(tracked, [])).toEqual([]);
  });

  it("keeps a job for its time", async () => {
    const at = new Date(Date.now() + 60 * 60 * 1000);
    const { id, status } = await jobs.schedule(tracked, at, { name: "later" });
    expect(status).toBe("scheduled");
    expect(await jobs.status(id)).toMatchObject({ status: "scheduled", runAt: at.toISOString() });
    expect((await jobs.health()).queues.mail?.scheduled).toBe(1);
    const soon = await jobs.enqueue(tracked, { name: "soon" }, { delay: 50 });
    jobs.work();
    await completed(soon.id);
    expect(done).toEqual(["soon"]);
  });

  it("puts jobs of one key one after another", async () => {
    const first = await jobs.enqueue(ordered, { name: "k" });
    const second = await jobs.enqueue(ordered, { name: "k" });
    const other = await jobs.enqueue(ordered, { name: "l" });
    expect([first, second, other].map(({ outcome }) => outcome)).toEqual(["queued", "stored", "queued"]);
    jobs.work();
    await completed(second.id);
    const [one, two] = await Promise.all([jobs.status(first.id), jobs.status(second.id)]);
    expect(Date.parse(two?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(one?.finishedAt ?? "z"));
  });

  it("has one order for the types that give the same key", async () => {
    const another = defineJob({ ...ordered, name: "another", queue: "other" });
    const both = await clients.client(clients.settings(), defineTable({ ...table, jobs: [ordered, another] }));
    const first = await both.enqueue(ordered, { name: "k" });
    const second = await both.enqueue(another, { name: "k" });
    expect([first, second].map(({ outcome }) => outcome)).toEqual(["queued", "stored"]);
  });

  it("refuses what a full queue can't hold, and takes it again when there is room", async () => {
    await jobs.enqueueBulk(tracked, [{ name: "1" }, { name: "2" }, { name: "3" }], { queue: "other" });
    const fourth = () => jobs.enqueue(tracked, { name: "4" }, { queue: "other" });
    const error = await fourth().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(QueueFull);
    expect(error).toMatchObject({ queue: "other", retryAfter: expect.any(Number) });
    await expect(jobs.enqueueBulk(quick, [{ name: "5" }], { queue: "other" })).rejects.toThrow(QueueFull);
    expect((await jobs.list({ queue: "other" })).total).toBe(3);
    jobs.work(["other"]);
    const refusedAt = Date.now();
    await waitFor("there is room", async () => (await jobs.health()).queues.other?.waiting === 0);
    await waitFor("the last count is old", () => Date.now() - refusedAt > 1100);
    expect((await fourth()).outcome).toBe("queued");
  });

  it("takes for a queue what another one's tasks would fill", async () => {
    await jobs.enqueueBulk(ordered, Array(5).fill({ name: "k" }));
    expect((await jobs.enqueue(tracked, { name: "1" }, { queue: "other" })).outcome).toBe("queued");
  });

  it("keeps secrets from those who read queue and tables, and shows them to the job", async () => {
    const read: string[] = [];
    const reset = defineJob({
      ...{ name: "reset", queue: "mail", description: "With a secret", encrypted: ["link"] },
      payload: z.strictObject({ to: z.string(), link: z.string() }),
      run: async ({ link }) => {
        read.push(link);
      },
    });
    const of = { ...table, jobs: [...table.jobs, reset] };
    const key = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
    const client = await clients.client(clients.settings({ QUEUE_ENCRYPTION_KEY: key }), of);
    const payload = { to: "eva", link: "https://secret" };
    const { id } = await client.enqueue(reset, payload, { id: "reset-1" });
    expect(await client.enqueue(reset, payload, { id: "reset-1" })).toMatchObject({ outcome: "known" });
    await expect(client.enqueue(reset, { ...payload, link: "x" }, { id: "reset-1" })).rejects.toThrow(IdTaken);
    const stored = [(await client.store.find(id))?.payload, (await client.provider?.find("mail", id))?.payload];
    expect(stored).toEqual([expect.stringContaining('"$enc":"k1:'), expect.stringContaining('"$enc":"k1:')]);
    expect(stored.join()).not.toContain("secret");
    client.work();
    await waitFor("the job has read it", () => read.length === 1);
    expect(read).toEqual(["https://secret"]);
    const keyless = await clients.client(clients.settings(), of);
    await expect(keyless.enqueue(reset, payload)).rejects.toThrow(EncryptionKeyMissing);
  });

  it("makes one job of what several processes enqueue under one id at the same time", async () => {
    const settings = clients.settings();
    const several = await Promise.all([1, 2, 3].map(() => clients.client(settings)));
    const sent = several.flatMap((client) =>
      Array.from({ length: 5 }, () => client.enqueue(tracked, { name: "same" }, { id: "same-1" })),
    );
    const outcomes = (await Promise.all(sent)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome !== "known")).toEqual(["queued"]);
    for (const client of several) client.work();
    const [first] = several;
    await waitFor("it is done", async () => (await first?.status("same-1"))?.status === "completed");
    expect(done).toEqual(["same"]);
  });
});
