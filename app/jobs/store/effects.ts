import type { Session } from "./session";
import type { Store } from "./store";

/** Marks of effects that were had. */
export function effects(session: Session): Pick<Store, "mark" | "noteResult" | "effect"> {
  return {
    /** Another transaction that is about to set the same mark is waited for: the key is unique. */
    async mark(key, transaction) {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto("jobs_effects")
        .values({ key, result: null, created_at: Date.now() })
        .onConflict((conflict) => conflict.column("key").doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 1n) return { first: true, result: null };
      const { result } = await transaction
        .selectFrom("jobs_effects")
        .select("result")
        .where("key", "=", key)
        .executeTakeFirstOrThrow();
      return { first: false, result };
    },

    async noteResult(key, result, transaction) {
      await transaction.updateTable("jobs_effects").set({ result }).where("key", "=", key).execute();
    },

    async effect(key) {
      return await session.read((db) =>
        db.selectFrom("jobs_effects").select("result").where("key", "=", key).executeTakeFirst(),
      );
    },
  };
}
