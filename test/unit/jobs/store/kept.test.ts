import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../../../app/jobs/store/store";
import { Databases, KINDS, newTask } from "../support/stores";

const DAY = 86_400_000;

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing)(`what is kept on ${name}${note}`, () => {
    const databases = new Databases(kind);
    let store: Store;
    beforeAll(() => databases.start(), 60_000);
    afterAll(() => databases.remove());
    beforeEach(async () => {
      store = await databases.store();
    });

    test("an effect is marked once, together with what else its transaction does", async () => {
      const failing = store.transaction(async (transaction) => {
        expect(await store.mark("mail-1", transaction)).toEqual({ first: true, result: null });
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await store.effect("mail-1")).toBeUndefined();
      await store.transaction(async (transaction) => {
        expect(await store.mark("mail-1", transaction)).toEqual({ first: true, result: null });
        await store.noteResult("mail-1", '"sent"', transaction);
      });
      await store.transaction(async (transaction) => {
        expect(await store.mark("mail-1", transaction)).toEqual({ first: false, result: '"sent"' });
      });
      expect(await store.effect("mail-1")).toEqual({ result: '"sent"' });
    });

    test("of transactions that mark the same effect at once, one has it", async () => {
      let effects = 0;
      const tries = Array.from({ length: 20 }, () =>
        store.transaction(async (transaction) => {
          const { first } = await store.mark("one", transaction);
          if (first) effects += 1;
        }),
      );
      await Promise.all(tries);
      expect(effects).toBe(1);
    });

    test("text with a NUL is kept or unknown, and nothing fails of it", async () => {
      await store.insert(newTask("torn"));
      await store.start("torn", 1);
      await store.progress("torn", 10, "so\0far");
      expect(await store.fail("torn", "bad\0byte")).toBe(true);
      expect((await store.find("torn"))?.error).toMatch(/^bad.byte$/);
      expect(await store.find("torn\0")).toBeUndefined();
      expect(await store.cancel("torn\0")).toBe("unknown");
      expect(await store.resolve("torn\0", "no\0te")).toBe(false);
      expect(await store.claimEffect("k\0", DAY)).toBe("mine");
      expect(await store.claimEffect("k\0", DAY)).toBe("taken");
    });

    test("an effect is claimed by one, until it was had, or wasn't, or its time is over", async () => {
      const claims = await Promise.all(Array.from({ length: 10 }, () => store.claimEffect("one", DAY)));
      expect(claims.filter((claim) => claim === "mine")).toHaveLength(1);
      expect(await store.claimEffect("one", DAY)).toBe("taken");
      expect(await store.effect("one")).toBeUndefined();
      await store.releaseEffect("one");
      expect(await store.claimEffect("one", 0)).toBe("mine");
      expect(await store.claimEffect("one", 0)).toBe("mine");
      await store.renewEffect("one", DAY);
      expect(await store.claimEffect("one", 0)).toBe("taken");
      expect(await store.noteEffect("one", "1")).toBe("1");
      expect(await store.noteEffect("one", "2")).toBe("1");
      await store.renewEffect("one", DAY);
      await store.releaseEffect("one");
      expect(await store.claimEffect("one", DAY)).toEqual({ result: "1" });
      expect(await store.effect("one")).toEqual({ result: "1" });
      expect(await store.noteEffect("released", "3")).toBe("3");
    });

    test("dead letters are kept, found, settled and removed", async () => {
      const letter = {
        type: "demo",
        queue: "mail",
        payload: '{"n":1}',
        reason: "broken",
        attempts: 3,
        failedAt: 1000,
      };
      for (const id of ["a", "b", "c"]) await store.bury({ ...letter, id });
      await store.bury({ ...letter, id: "d", queue: "file", type: "other", failedAt: 2000 });
      await store.bury({ ...letter, id: "a", reason: "broken again", failedAt: 3000 });
      const ids = async (filter: Parameters<Store["deadLetters"]>[0]) => {
        const { letters, total } = await store.deadLetters(filter);
        return [...letters.map(({ id }) => id), total];
      };
      expect(await ids({})).toEqual(["a", "d", "b", "c", 4]);
      expect(await ids({ queue: "mail", limit: 1, offset: 1 })).toEqual(["b", 3]);
      expect(await ids({ type: "other" })).toEqual(["d", 1]);
      expect(await store.deadLetter("a")).toEqual({
        ...letter,
        id: "a",
        reason: "broken again",
        failedAt: 3000,
        resolution: null,
        resolvedAt: null,
      });
      expect(await store.resolve("a", "sent by hand")).toBe(true);
      expect(await store.resolve("a", "twice")).toBe(false);
      expect(await store.deadLetter("a")).toMatchObject({
        resolution: "sent by hand",
        resolvedAt: expect.any(Number),
      });
      expect(await ids({ queue: "mail" })).toEqual(["b", "c", 2]);
      expect(await ids({ resolved: true })).toEqual(["a", 1]);
      expect(await store.removeDeadLetter("b")).toBe(true);
      expect(await store.removeDeadLetter("b")).toBe(false);
      expect(await store.deadLetter("b")).toBeUndefined();
    });

    test("what is too old goes: results, tasks, effects and settled letters", async () => {
      const now = Date.now();
      await store.insertMany(["done", "old", "fresh", "waiting"].map((id) => newTask(id)));
      for (const id of ["done", "old", "fresh"]) await store.complete(id, '"result"');
      const finished = (id: string, days: number) =>
        store.db
          .updateTable("jobs_tasks")
          .set({ finished_at: now - days * DAY, updated_at: now - days * DAY })
          .where("id", "=", id)
          .execute();
      await finished("done", 1.1);
      await finished("old", 7.1);
      await finished("fresh", 0.9);
      await store.db.updateTable("jobs_tasks").set({ updated_at: 1 }).where("id", "=", "waiting").execute();
      const effect = { result: null };
      await store.db
        .insertInto("jobs_effects")
        .values([
          { ...effect, key: "old", created_at: now - 30.1 * DAY },
          { ...effect, key: "fresh", created_at: now - 29.9 * DAY },
        ])
        .execute();
      const letter = { type: "demo", queue: "mail", payload: "{}", reason: "broken", attempts: 3, failedAt: 1 };
      for (const id of ["old", "fresh", "open"]) await store.bury({ ...letter, id });
      await store.resolve("old", "");
      await store.resolve("fresh", "");
      await store.db
        .updateTable("jobs_dead_letters")
        .set({ resolved_at: now - 30.1 * DAY })
        .where("id", "=", "old")
        .execute();

      // The task, the result, the effect and the letter.
      expect(await store.prune(now)).toBe(4);
      expect(await store.find("old")).toBeUndefined();
      expect(await store.find("done")).toMatchObject({ status: "completed", result: null });
      expect(await store.find("fresh")).toMatchObject({ result: '"result"' });
      expect(await store.find("waiting")).toMatchObject({ status: "waiting" });
      expect([await store.effect("old"), await store.effect("fresh")]).toEqual([undefined, effect]);
      expect(await store.deadLetter("old")).toBeUndefined();
      expect((await store.deadLetter("fresh"))?.id).toBe("fresh");
      expect((await store.deadLetter("open"))?.id).toBe("open");
      expect(await store.prune(now)).toBe(0);
    });
  });
}
