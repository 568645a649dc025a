import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { JobFailed } from "../../../../app/jobs/errors";
import { QueueUnavailable } from "../../../../app/jobs/provider/provider";
import { openStore } from "../../../../app/jobs/store/open";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { newTask } from "../support/stores";
import {
  Clients,
  done,
  gates,
  once,
  ordered,
  patient,
  quick,
  sent,
  sentUnnoticed,
  slow,
  strict,
  table,
  tracked,
} from "./support";

/** Seconds until a queue is back at the latest, on a busy machine. */
const PATIENCE = 40;

describe.skipIf(redis.missing)(`without a queue${redis.note}`, { timeout: 120_000 }, () => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());
  beforeEach(() => {
    done.length = 0;
    clients.lines.length = 0;
  });

  describe("that is switched off", () => {
    const open = () => clients.client(clients.settings({ QUEUE_ENABLED: "false" }));

    it("does the work in the one who asks for it, and says nothing of a fault", async () => {
      const jobs = await open();
      expect(await jobs.enqueue(tracked, { name: "eva" }, { id: "one" })).toEqual({
        ...{ id: "one", outcome: "done", status: "completed" },
      });
      expect(await jobs.enqueue(quick, { name: "ute" })).toMatchObject({ outcome: "done" });
      expect(await jobs.enqueueBulk(once, [{ name: "a" }, { name: "b" }])).toMatchObject([
        { id: "to-a", outcome: "done" },
        { id: "to-b", outcome: "done" },
      ]);
      expect(done).toEqual(["eva", "ute", "a", "b"]);
      expect(await jobs.status("one")).toMatchObject({ status: "completed", result: { greeted: "eva" }, attempt: 1 });
      expect(clients.lines.join("\n")).not.toContain("Fallback");
      expect(await jobs.queueState()).toBe("disabled");
      expect(await jobs.health()).toMatchObject({ healthy: true, queue: "disabled", queues: {}, outgoing: 0 });
    });

    it("does work of one key in its order, and the work of a transaction after it", async () => {
      const jobs = await open();
      await jobs.store.transaction(async (transaction) => {
        const { outcome } = await jobs.enqueueIn(transaction, ordered, { name: "k" });
        expect([outcome, done]).toEqual(["stored", []]);
        await jobs.enqueueIn(transaction, ordered, { name: "k" });
      });
      expect(done).toEqual(["k", "k"]);
    });

    it("does what was left to others: of a key that was taken, and of a process that died", async () => {
      const settings = clients.settings({ QUEUE_ENABLED: "false" });
      const slowly = { ...ordered, run: slow.run };
      const jobs = await clients.client(settings, { ...table, jobs: [slowly] });
      const enqueued = [jobs.enqueue(slowly, { name: "taken" })];
      await waitFor("it runs", () => gates.has("taken"));
      const free = gates.get("taken");
      gates.delete("taken");
      const { id, outcome } = await jobs.enqueue(slowly, { name: "taken" });
      expect(outcome).toBe("stored");
      free?.();
      await Promise.all(enqueued);
      await waitFor("the next one runs", () => gates.has("taken"));
      gates.get("taken")?.();
      await waitFor("it is done", async () => (await jobs.status(id))?.status === "completed");

      const dead = await openStore(settings);
      await dead.insert({ ...newTask("d-1"), type: "ordered", payload: '{"name":"dead"}' });
      expect(await dead.startHere("d-1")).toBe(true);
      await dead.db.updateTable("jobs_outbox").set({ leased_until: 1 }).execute();
      await dead.close();
      await waitFor("it is taken over", () => gates.has("dead"));
      gates.get("dead")?.();
      await waitFor("it is done", async () => (await jobs.status("d-1"))?.status === "completed");
    });

    it("fails at once, since nobody would try again", async () => {
      const jobs = await open();
      const error = await jobs.enqueue(tracked, { name: "eva", fail: true }, { id: "bad" }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(JobFailed);
      expect(error).toMatchObject({
        id: "bad",
        message: "no greeting for eva",
        cause: new Error("no greeting for eva"),
      });
      expect(await jobs.status("bad")).toMatchObject({ status: "failed", error: "no greeting for eva" });
      expect((await jobs.deadLetters()).letters).toMatchObject([{ id: "bad", reason: "no greeting for eva" }]);
      await expect(jobs.enqueue(quick, { name: "x", fail: true })).rejects.toThrow(JobFailed);
      const bulk = [{ name: "c", fail: true }, { name: "d" }];
      expect(await jobs.enqueueBulk(quick, bulk)).toMatchObject([{ status: "failed" }, { status: "completed" }]);
      expect(await jobs.enqueueBulk(tracked, bulk)).toMatchObject([{ status: "failed" }, { status: "completed" }]);
    });

    it("keeps what must wait for a queue, until there is one", async () => {
      const settings = clients.settings();
      const off = await clients.client({ ...settings, enabled: false });
      const ids = [
        (await off.enqueue(patient, { name: "eva" })).id,
        (await off.enqueue(tracked, { name: "later" }, { delay: 10 })).id,
      ];
      expect((await off.health()).outgoing).toBe(2);
      await expect(off.enqueue(strict, { name: "x" })).rejects.toThrow(QueueUnavailable);
      await expect(
        off.setRecurring({ name: "n", job: tracked, payload: { name: "x" }, everyMs: 1000 }),
      ).rejects.toThrow(QueueUnavailable);
      await off.shutdown();
      const on = await clients.client(settings);
      on.work();
      for (const id of ids) await waitFor(`${id} is done`, async () => (await on.status(id))?.status === "completed");
    });
  });

  it("runs everything here and now in eager mode, at what time it may be wanted", async () => {
    const jobs = await clients.client(clients.settings({ QUEUE_EAGER: "true" }));
    expect(await jobs.enqueue(patient, { name: "eva" }, { delay: 60_000 })).toMatchObject({ outcome: "done" });
    expect(await jobs.enqueue(strict, { name: "ute" })).toMatchObject({ outcome: "done" });
    expect(done).toEqual(["eva", "ute"]);
    await expect(jobs.enqueue(tracked, { name: "x", fail: true })).rejects.toThrow(JobFailed);
  });

  describe("that is away", () => {
    it("does the work here, says so, and goes back to queueing by itself", async () => {
      const jobs = await clients.client();
      expect(await jobs.enqueue(tracked, { name: "before" })).toMatchObject({ outcome: "queued" });
      await clients.server.kill();
      await waitFor("the queue is missed", async () => (await jobs.queueState()) === "fallback", PATIENCE);
      expect(await jobs.enqueue(tracked, { name: "away" }, { id: "a-1" })).toMatchObject({ outcome: "done" });
      expect(await jobs.enqueue(quick, { name: "unnoticed" })).toMatchObject({ outcome: "done" });
      expect(done).toEqual(["away", "unnoticed"]);
      expect(clients.lines).toContain("[Mail] Fehler beim Hinzufügen zur Queue, verwende Fallback");
      const waiting = await jobs.enqueue(patient, { name: "patient" });
      expect(waiting).toMatchObject({ outcome: "stored", status: "waiting" });
      const failing = await jobs.enqueue(tracked, { name: "again", fail: true }, { id: "a-2" });
      expect(failing).toMatchObject({ outcome: "stored", status: expect.stringMatching(/^(waiting|scheduled)$/) });
      await expect(jobs.enqueue(strict, { name: "x" })).rejects.toThrow(QueueUnavailable);
      expect(await jobs.health()).toMatchObject({ healthy: false, queue: "fallback", error: expect.any(String) });
      expect(await jobs.status("nobody").catch((error) => error)).toBeInstanceOf(QueueUnavailable);

      await clients.server.start();
      await waitFor("the queue is back", async () => (await jobs.queueState()) === "active", PATIENCE);
      await waitFor("what was stored is in the queue", async () => (await jobs.health()).outgoing === 0, PATIENCE);
      expect(await jobs.enqueue(tracked, { name: "after" })).toMatchObject({ outcome: "queued" });
      jobs.work();
      await waitFor(
        "the stored job is done",
        async () => (await jobs.status(waiting.id))?.status === "completed",
        PATIENCE,
      );
      await waitFor(
        "the failed job was tried again",
        async () => (await jobs.status("a-2"))?.status === "failed",
        PATIENCE,
      );
      expect(await jobs.status("a-2")).toMatchObject({ attempt: 2 });
      expect(done.filter((name) => name === "away")).toEqual(["away"]);
    });

    it("for a moment only, and had the job all the same, has its effect once", async () => {
      const jobs = await clients.client();
      await jobs.enqueue(patient, { name: "first" });
      clients.server.freeze();
      const { id, outcome } = await jobs.enqueue(tracked, { name: "frozen" });
      expect(outcome).toBe("done");
      clients.server.thaw();
      await waitFor("the queue answers", async () => (await jobs.queueState()) === "active", PATIENCE);
      jobs.work();
      await waitFor("the queue is empty", async () => {
        const { waiting, active } = (await jobs.health()).queues.mail ?? {};
        return waiting === 0 && active === 0;
      });
      expect(done.filter((name) => name === "frozen")).toHaveLength(1);
      expect(await jobs.status(id)).toMatchObject({ status: "completed", attempt: 1 });
    });

    it.each([sent, sentUnnoticed])(
      "has the effect of a job ($name) once that its worker gets while it runs here",
      async (type) => {
        const jobs = await clients.client();
        jobs.work();
        await jobs.enqueue(patient, { name: "first" });
        await waitFor("the worker works", () => done.includes("first"), PATIENCE);
        clients.server.freeze();
        const enqueued = jobs.enqueue(type, { name: "mail" });
        gates.delete("mail");
        await waitFor("it runs here", () => gates.has("mail"), PATIENCE);
        clients.server.thaw();
        const inQueue = async () => {
          const found = await jobs.provider?.list("mail", ["active", "completed"], 10, 0).catch(() => []);
          return found?.find((job) => job.type === type.name)?.status;
        };
        await waitFor("the worker has it too", async () => (await inQueue()) === "active", PATIENCE);
        gates.get("mail")?.();
        expect(await enqueued).toMatchObject({ outcome: "done" });
        await waitFor("the worker is done with it", async () => (await inQueue()) === "completed", PATIENCE);
        expect(done.filter((name) => name === "mail")).toHaveLength(1);
      },
    );
  });
});
