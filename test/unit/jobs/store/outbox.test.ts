import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Outgoing, Store } from "../../../../app/jobs/store/store";
import { Databases, KINDS, newTask, type Place } from "../support/stores";

const MINUTE = 60_000;
const ids = (claimed: readonly Outgoing[]) => claimed.map(({ task }) => task.id);

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing)(`outbox on ${name}${note}`, () => {
    const databases = new Databases(kind);
    let place: Place;
    /** As two processes have it. */
    let store: Store;
    let other: Store;
    beforeAll(() => databases.start(), 60_000);
    afterAll(() => databases.remove());
    afterEach(() => void vi.useRealTimers());
    beforeEach(async () => {
      place = await databases.place();
      store = await databases.store(place);
      other = await databases.store(place);
    });

    /** In a transaction, as `enqueueIn` does: this process isn't at them. */
    const add = async (...tasks: Parameters<typeof newTask>[]) => {
      await store.transaction(async (transaction) => {
        for (const task of tasks) await store.insert(newTask(...task), transaction);
      });
    };
    const claim = async (by = store, limit = 10) => ids(await by.claimOutgoing(limit, MINUTE));
    const run = async (id: string) => {
      expect(await store.start(id, 1)).toBe(true);
      expect(await store.complete(id, null)).toBe(true);
    };

    test("the oldest are claimed first, by one process each", async () => {
      await add(["c"], ["a"], ["b"], ["d"]);
      expect(await claim(store, 2)).toEqual(["c", "a"]);
      expect(await claim(other)).toEqual(["b", "d"]);
      expect(await claim()).toEqual([]);
      expect(await store.outgoing()).toBe(4);
    });

    test("of given ones only those are claimed", async () => {
      await add(["a"], ["b"], ["c"]);
      expect(ids(await store.claimOutgoing(10, MINUTE, ["b", "x"]))).toEqual(["b"]);
      expect(ids(await store.claimOutgoing(10, MINUTE, []))).toEqual([]);
      expect(await claim()).toEqual(["a", "c"]);
    });

    test("what a process just added it claims itself", async () => {
      await store.insertMany([newTask("a"), newTask("b")]);
      expect(await claim(other)).toEqual([]);
      expect(ids(await other.claimOutgoing(10, MINUTE, ["a"]))).toEqual([]);
      const claimed = await store.claimOutgoing(10, MINUTE, ["a", "b"]);
      expect(ids(claimed)).toEqual(["a", "b"]);
      expect(ids(await store.claimOutgoing(10, MINUTE, ["a", "b"]))).toEqual([]);
      await store.sent(claimed);
      expect(await store.outgoing()).toBe(0);
    });

    test("a claim ends with its time, with `sent`, or with `release`", async () => {
      await add(["a"], ["b"], ["c"]);
      expect(ids(await store.claimOutgoing(10, 0))).toEqual(["a", "b", "c"]);
      const claimed = await other.claimOutgoing(10, MINUTE);
      expect(ids(claimed)).toEqual(["a", "b", "c"]);
      await other.sent(claimed.slice(0, 1));
      await other.release(claimed.slice(1, 2));
      expect(await claim()).toEqual(["b"]);
      expect(await store.outgoing()).toBe(2);
    });

    test("what has to get to each queue is counted", async () => {
      await store.insertMany([newTask("a"), newTask("b"), newTask("c", { queue: "other" })]);
      expect([await store.outgoing(), await store.outgoing("default"), await store.outgoing("other")]).toEqual([
        3, 2, 1,
      ]);
      expect(await store.outgoing("empty")).toBe(0);
    });

    test("the end of an old claim doesn't touch what came after it", async () => {
      await add(["a"]);
      const old = await store.claimOutgoing(1, MINUTE);
      await run("a");
      await store.db.updateTable("jobs_tasks").set({ status: "failed" }).execute();
      expect(await store.reopen("a")).toBe(true);
      await store.sent(old);
      expect(await claim(other)).toEqual(["a"]);
      await store.release(old);
      expect(await claim()).toEqual([]);
    });

    test("of each order key one task goes at a time, in the order of their adding", async () => {
      await add(["a1", { orderKey: "a" }], ["free"], ["a2", { orderKey: "a" }], ["b1", { orderKey: "b" }]);
      expect(await claim()).toEqual(["a1", "free", "b1"]);
      expect(await claim(other)).toEqual([]);
      expect(ids(await other.claimOutgoing(1, MINUTE, ["a2"]))).toEqual([]);
      await store.start("a1", 1);
      expect(await claim()).toEqual([]);
      await store.again("a1", "no luck", null);
      expect(await claim()).toEqual([]);
      await run("a1");
      expect(await claim(other)).toEqual(["a2"]);
      await add(["b2", { orderKey: "b" }]);
      expect(await claim()).toEqual([]);
      await store.cancel("b1");
      expect(await claim()).toEqual(["b2"]);
    });

    test("the end of an ordered task is told, however it comes", async () => {
      let told = 0;
      store.onKeyFree(() => {
        told += 1;
      });
      const endings = ["a", "b", "c", "d"] as const;
      await add(...endings.map((id) => [id, { orderKey: id }] as [string, { orderKey: string }]), ["free"]);
      await store.complete("free", null);
      expect(told).toBe(0);
      await store.complete("a", null);
      await store.fail("b", "broken");
      await store.cancel("c");
      await store.cancelled("d");
      expect(told).toBe(4);
    });

    test("one that is opened again waits for the later one of its key that was let go meanwhile", async () => {
      await add(["a1", { orderKey: "a" }], ["a2", { orderKey: "a" }], ["a3", { orderKey: "a" }]);
      await claim();
      await store.start("a1", 1);
      await store.fail("a1", "broken");
      expect(await claim()).toEqual(["a2"]);
      await store.reopen("a1");
      expect(await claim()).toEqual([]);
      await run("a2");
      expect(await claim()).toEqual(["a1"]);
      await run("a1");
      expect(await claim()).toEqual(["a3"]);
    });

    test("a run outside of the queue needs a task that nobody brings there, and keeps it from being brought", async () => {
      await add(["a"], ["b"], ["k1", { orderKey: "k" }], ["k2", { orderKey: "k" }]);
      const claimed = await other.claimOutgoing(10, MINUTE, ["a"]);
      expect(await store.startHere("a")).toBe(false);
      await other.release(claimed);
      expect(await store.startHere("a")).toBe(true);
      expect(await other.startHere("a")).toBe(false);
      expect(await store.startHere("k2")).toBe(false);
      expect(await claim(other)).toEqual(["b", "k1"]);
      expect(await store.find("a")).toMatchObject({ status: "active", attempt: 1 });
      expect(await store.outgoing()).toBe(4);
      // The queue has it all the same.
      expect(await other.start("a", 1)).toBe(false);
      await other.cancel("a");
      expect(await other.start("a", 1)).toBe(false);
      expect(await store.find("a")).toMatchObject({ status: "active", cancelRequested: true });
      await store.complete("a", null);
      expect(await store.outgoing()).toBe(3);
    });

    test("one that was just added may run outside of the queue at once, and its next attempt is the queue's", async () => {
      await store.insert(newTask("a"));
      expect(await other.startHere("a")).toBe(false);
      expect(await store.startHere("a")).toBe(true);
      expect(await claim(other)).toEqual([]);
      expect(await store.again("a", "no luck", null)).toBe(true);
      expect(await claim(other)).toEqual(["a"]);
    });

    test("a task whose process died while it ran outside of the queue goes there", async () => {
      await add(["a"], ["later", { runAt: Date.now() + MINUTE }], ["other", { type: "other" }]);
      const runnable = async () => (await other.runnableHere(["demo", "x"], 10)).map(({ id }) => id);
      expect(await runnable()).toEqual(["a"]);
      expect(await store.startHere("a")).toBe(true);
      expect(await runnable()).toEqual([]);
      await store.db.updateTable("jobs_outbox").set({ leased_until: 1 }).where("task_id", "=", "a").execute();
      expect(await runnable()).toEqual(["a"]);
      expect(await claim(other, 1)).toEqual(["a"]);
      expect(await other.start("a", 1)).toBe(true);
    });

    test("a task whose start outside of the queue failed isn't kept from it", async () => {
      await add(["a"]);
      vi.useFakeTimers({ toFake: ["setInterval"] });
      await store.transaction(async () => expect(store.startHere("a")).rejects.toThrow("a transaction"));
      // Its answer was lost: it was written all the same.
      await store.db.updateTable("jobs_outbox").set({ here: 1, leased_until: 1 }).execute();
      vi.advanceTimersByTime(MINUTE);
      await store.list({});
      expect(await claim(other)).toEqual(["a"]);
    });

    test("what the queue should have is found, and gets there again", async () => {
      await add(
        ["a"],
        ["b"],
        ["c", { runAt: Date.now() + MINUTE }],
        ["d"],
        ["k1", { orderKey: "k" }],
        ["k2", { orderKey: "k" }],
      );
      await store.sent((await store.claimOutgoing(10, MINUTE)).filter(({ task }) => task.id !== "d"));
      await run("b");
      const found = async (time: number) => {
        const { tasks, next } = await store.inQueueSince(time, 0);
        return [...tasks.map((task) => task.id), next];
      };
      expect(await found(Date.now() - MINUTE)).toEqual([0]);
      expect(await found(Date.now() + MINUTE / 2)).toEqual(["a", "k1", 0]);
      expect(await found(Date.now() + 2 * MINUTE)).toEqual(["a", "c", "k1", 0]);
      expect(await Promise.all(["a", "b", "d", "k1", "x"].map((id) => store.lost(id)))).toEqual([
        ...[true, false, false, true, false],
      ]);
      expect(await found(Date.now() + 2 * MINUTE)).toEqual(["c", 0]);
      expect((await store.claimOutgoing(10, MINUTE)).map(({ task, again }) => [task.id, again])).toEqual([
        ["a", true],
        ["k1", true],
      ]);
    });

    test("held tasks aren't looked at, however many there are, until it is their turn", async () => {
      const held = Array.from({ length: 2000 }, (_, index) => newTask(`h${index}`, { orderKey: "one" }));
      await store.insertMany(held);
      await add(["free"]);
      const lookedAt = async () => {
        const rows = await store.db.selectFrom("jobs_outbox").select("task_id").where("held", "=", 0).execute();
        return rows.map((row) => row.task_id).sort();
      };
      expect(await lookedAt()).toEqual(["free", "h0"]);
      const claimed = await store.claimOutgoing(10, MINUTE);
      expect(ids(claimed)).toEqual(["h0", "free"]);
      await store.sent(claimed);
      expect(await lookedAt()).toEqual(["h1"]);
      expect(await claim()).toEqual([]);
      await store.cancel("h1");
      expect(await lookedAt()).toEqual(["h2"]);
      await run("h0");
      expect(await claim()).toEqual(["h2"]);
      await store.start("h2", 1);
      expect(await lookedAt()).toEqual(["h3"]);
    });
  });
}
