import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../../../app/jobs/store/store";
import { Databases, KINDS, newTask } from "../support/stores";

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing)(`tasks on ${name}${note}`, () => {
    const databases = new Databases(kind);
    let store: Store;
    beforeAll(() => databases.start(), 60_000);
    afterAll(() => databases.remove());
    beforeEach(async () => {
      store = await databases.store();
    });

    const statusOf = async (id: string) => (await store.find(id))?.status;

    test.runIf(kind === "sqlite")("those of a type are found without a look at all others", async () => {
      const plan = await sql<{ detail: string }>`explain query plan
        select * from jobs_tasks where type = 'demo' order by seq desc limit 50`.execute(store.db);
      expect(plan.rows.map(({ detail }) => detail)).toEqual([
        "SEARCH jobs_tasks USING INDEX jobs_tasks_typed (type=?)",
      ]);
    });

    test("a task is added once, with the note that it has to get to the queue", async () => {
      const added = await store.insert(newTask("a", { orderKey: "k", runAt: Date.now() + 60_000 }));
      expect(added).toMatchObject({
        isNew: true,
        task: {
          id: "a",
          type: "demo",
          queue: "default",
          status: "scheduled",
          progress: 0,
          message: null,
          payload: '{"n":1}',
          digest: "0123456789abcdef",
          priority: 5,
          attempts: 3,
          backoff: 2000,
          attempt: 0,
          orderKey: "k",
          startedAt: null,
          finishedAt: null,
          result: null,
          error: null,
          cancelRequested: false,
        },
      });
      expect(await store.insert(newTask("a", { payload: "{}" }))).toEqual({ task: added.task, isNew: false });
      expect(await store.find("a")).toEqual(added.task);
      expect(await store.find("b")).toBeUndefined();
      expect(await store.outgoing()).toBe(1);
    });

    test("many tasks are added at once, without those that are there", async () => {
      await store.insert(newTask("t7"));
      const tasks = Array.from({ length: 1203 }, (_, index) => newTask(`t${index}`));
      expect(await store.insertMany(tasks)).toBe(1202);
      expect(await store.outgoing()).toBe(1203);
    });

    test("a transaction that fails leaves nothing", async () => {
      const failing = store.transaction(async (transaction) => {
        await store.insert(newTask("a"), transaction);
        await store.insertMany([newTask("b")], transaction);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await store.find("a")).toBeUndefined();
      expect(await store.outgoing()).toBe(0);
      await store.transaction(async (transaction) => {
        await store.insert(newTask("a"), transaction);
      });
      expect(await statusOf("a")).toBe("waiting");
    });

    test("writes without the transaction that is open are refused, and progress is dropped", async () => {
      await store.insert(newTask("a"));
      await store.start("a", 1);
      await store.transaction(async (transaction) => {
        await expect(store.insert(newTask("b"))).rejects.toThrow("enqueueIn(transaction");
        await expect(store.transaction(async () => {})).rejects.toThrow("enqueueIn(transaction");
        await store.progress("a", 50, null);
        await store.insert(newTask("c"), transaction);
        expect(await store.find("c")).toBeUndefined();
      });
      expect(await store.find("b")).toBeUndefined();
      expect((await store.find("a"))?.progress).toBe(0);
      expect(await statusOf("c")).toBe("waiting");
    });

    test("runs, with progress, to its end, which is one", async () => {
      await store.insert(newTask("a"));
      expect(await store.start("a", 1)).toBe(true);
      await store.progress("a", 12.5, "reading");
      expect(await store.find("a")).toMatchObject({ status: "active", attempt: 1, progress: 12.5, message: "reading" });
      expect(await store.outgoing()).toBe(0);
      expect(await store.start("a", 1)).toBe(true);
      expect(await store.complete("a", '"done"')).toBe(true);
      expect(await store.complete("a", '"again"')).toBe(false);
      expect(await store.fail("a", "late")).toBe(false);
      expect(await store.start("a", 2)).toBe(false);
      expect(await store.again("a", "late", null)).toBe(false);
      expect(await store.cancel("a")).toBe("finished");
      expect(await store.setPriority("a", 1)).toBe(false);
      await store.progress("a", 1, null);
      expect(await store.find("a")).toMatchObject({
        status: "completed",
        progress: 100,
        result: '"done"',
        error: null,
      });
    });

    test("completes within a transaction, or not", async () => {
      await store.insert(newTask("a"));
      await store.start("a", 1);
      const failing = store.transaction(async (transaction) => {
        expect(await store.complete("a", null, transaction)).toBe(true);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await statusOf("a")).toBe("active");
    });

    test("waits for its next attempt", async () => {
      await store.insert(newTask("a"));
      await store.start("a", 1);
      const runAt = Date.now() + 60_000;
      expect(await store.again("a", "no luck", runAt)).toBe(true);
      expect(await store.find("a")).toMatchObject({ status: "scheduled", error: "no luck", attempt: 1, runAt });
      expect(await store.again("a", "no luck", null)).toBe(false);
      await store.start("a", 2);
      expect(await store.again("a", null, null)).toBe(true);
      expect(await statusOf("a")).toBe("waiting");
    });

    test("a task that waits is cancelled at once, an active one is asked to end", async () => {
      await store.insertMany([newTask("a"), newTask("b"), newTask("c")]);
      expect(await store.cancel("a")).toBe("cancelled");
      expect(await store.find("a")).toMatchObject({ status: "cancelled", finishedAt: expect.any(Number) });
      expect(await store.outgoing()).toBe(2);
      expect(await store.start("a", 1)).toBe(false);
      await store.start("b", 1);
      await store.start("c", 1);
      expect(await store.cancel("b")).toBe("requested");
      expect(await store.cancelRequested(["a", "b", "c"])).toEqual(expect.arrayContaining(["a", "b"]));
      expect(await store.cancelRequested(["c"])).toEqual([]);
      expect(await store.cancelRequested([])).toEqual([]);
      expect(await store.find("b")).toMatchObject({ status: "active", cancelRequested: true, finishedAt: null });
      expect(await store.cancelled("b")).toBe(true);
      expect(await statusOf("b")).toBe("cancelled");
      expect(await store.cancel("x")).toBe("unknown");
    });

    test("a task whose cancelling was asked for runs no more", async () => {
      await store.insertMany([newTask("a"), newTask("b")]);
      for (const id of ["a", "b"]) {
        await store.start(id, 1);
        await store.cancel(id);
      }
      expect(await store.start("a", 2)).toBe(false);
      expect(await store.again("b", "no luck", null)).toBe(false);
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["cancelled", "cancelled"]);
    });

    test("is opened again after a failure, to get to the queue once more", async () => {
      await store.insert(newTask("a"));
      await store.start("a", 3);
      expect(await store.reopen("a")).toBe(false);
      await store.fail("a", "broken");
      expect(await store.find("a")).toMatchObject({ status: "failed", error: "broken" });
      expect(await store.reopen("a")).toBe(true);
      expect(await store.find("a")).toMatchObject({ status: "waiting", error: null, attempt: 0, finishedAt: null });
      expect(await store.claimOutgoing(1, 1000)).toMatchObject([{ task: { id: "a" }, again: true }]);
    });

    test("runs again where the queue was told to, after it failed there", async () => {
      await store.insertMany([newTask("a"), newTask("here"), newTask("k1", { orderKey: "k" })]);
      await store.start("a", 3);
      await store.startHere("here");
      await store.start("k1", 3);
      const letter = { type: "demo", queue: "default", payload: "{}", reason: "broken", attempts: 3, failedAt: 1 };
      for (const id of ["a", "here", "k1"]) {
        await store.bury({ id, ...letter });
        await store.fail(id, "broken");
      }
      expect(await store.start("a", 1)).toBe(true);
      expect(await store.find("a")).toMatchObject({ status: "active", attempt: 1, error: null, finishedAt: null });
      expect(await store.deadLetter("a")).toBeUndefined();
      expect(await store.complete("a", null)).toBe(true);
      expect(await store.start("a", 1)).toBe(false);
      // That one is in the queue since its adding timed out.
      expect(await store.start("here", 1)).toBe(false);
      expect(await store.deadLetter("here")).toBeDefined();
      await store.insert(newTask("k2", { orderKey: "k" }));
      await store.start("k2", 1);
      expect(await store.start("k1", 1)).toBe(false);
      await store.complete("k2", null);
      expect(await store.start("k1", 1)).toBe(true);
      await store.fail("k1", "broken");
      await store.reopen("k1");
      await store.cancel("k1");
      expect(await store.start("k1", 1)).toBe(false);
    });

    test("is adopted without a note that it has to get to the queue", async () => {
      await store.adopt(newTask("a"));
      await store.adopt(newTask("a", { payload: "{}" }));
      expect(await store.find("a")).toMatchObject({ status: "waiting", payload: '{"n":1}' });
      expect(await store.outgoing()).toBe(0);
    });

    test("priority changes while it waits", async () => {
      await store.insert(newTask("a"));
      expect(await store.setPriority("a", 1)).toBe(true);
      expect((await store.find("a"))?.priority).toBe(1);
      expect(await store.setPriority("x", 1)).toBe(false);
    });

    test("is listed by status, type and queue, the newest first, in pages", async () => {
      await store.insertMany([
        newTask("a", { queue: "mail" }),
        newTask("b", { type: "other" }),
        newTask("c", { runAt: Date.now() + 60_000 }),
        newTask("d", { queue: "mail" }),
      ]);
      // Its time comes while it is in the outbox.
      await store.db.updateTable("jobs_tasks").set({ run_at: 1, status: "scheduled" }).where("id", "=", "d").execute();
      const ids = async (filter: Parameters<Store["list"]>[0]) => {
        const { tasks, total } = await store.list(filter);
        return [...tasks.map((task) => task.id), total];
      };
      expect(await ids({})).toEqual(["d", "c", "b", "a", 4]);
      expect(await ids({ status: ["waiting"] })).toEqual(["d", "b", "a", 3]);
      expect(await ids({ status: ["scheduled"] })).toEqual(["c", 1]);
      expect(await ids({ status: ["scheduled", "waiting"], queue: "mail" })).toEqual(["d", "a", 2]);
      expect(await ids({ type: "other" })).toEqual(["b", 1]);
      expect(await ids({ limit: 2, offset: 1 })).toEqual(["c", "b", 4]);
      expect(await ids({ status: [] })).toEqual([0]);
      await store.cancel("a");
      expect(await store.counts()).toEqual({
        scheduled: 1,
        waiting: 2,
        active: 0,
        completed: 0,
        failed: 0,
        cancelled: 1,
      });
    });

    test("changes are found by their time", async () => {
      await store.insertMany([newTask("a"), newTask("b"), newTask("c")]);
      await store.db.updateTable("jobs_tasks").set({ updated_at: 1000 }).execute();
      const before = Date.now();
      await store.start("b", 1);
      const [change, ...others] = await store.changedSince(before);
      expect(others).toEqual([]);
      expect(change).toMatchObject({ task: { id: "b", status: "active" }, changedAt: expect.any(Number) });
      expect((await store.changedSince(1000, 2)).map(({ task }) => task.id)).toEqual(["a", "c"]);
    });
  });
}
