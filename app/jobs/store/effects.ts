import { sql } from "kysely";
import type { Session } from "./session";
import type { Store } from "./store";

/** Marks of effects that were had, and claims of those that are being had. */
export function effects(
  session: Session,
): Pick<Store, "mark" | "noteResult" | "effect" | "claimEffect" | "renewEffect" | "releaseEffect" | "noteEffect"> {
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
        db
          .selectFrom("jobs_effects")
          .select("result")
          .where("key", "=", key)
          .where("claimed_until", "is", null)
          .executeTakeFirst(),
      );
    },

    async claimEffect(key, ms) {
      return await session.write(async (t) => {
        const now = Date.now();
        const claimed = await t
          .insertInto("jobs_effects")
          .values({ key, result: null, created_at: now, claimed_until: now + ms })
          .onConflict((conflict) =>
            conflict
              .column("key")
              .doUpdateSet({ claimed_until: now + ms })
              .where("jobs_effects.claimed_until", "<=", now),
          )
          .returning("key")
          .executeTakeFirst();
        if (claimed) return "mine";
        const row = await t
          .selectFrom("jobs_effects")
          .select("result")
          .where("key", "=", key)
          .where("claimed_until", "is", null)
          .executeTakeFirst();
        return row ?? "taken";
      });
    },

    async renewEffect(key, ms) {
      await session.statement((db) =>
        db
          .updateTable("jobs_effects")
          .set({ claimed_until: Date.now() + ms })
          .where("key", "=", key)
          .where("claimed_until", "is not", null)
          .execute(),
      );
    },

    async releaseEffect(key) {
      await session.statement((db) =>
        db.deleteFrom("jobs_effects").where("key", "=", key).where("claimed_until", "is not", null).execute(),
      );
    },

    async noteEffect(key, result) {
      const noted = await session.statement((db) =>
        db
          .insertInto("jobs_effects")
          .values({ key, result, created_at: Date.now() })
          .onConflict((conflict) =>
            conflict
              .column("key")
              // What is there already stays.
              .doUpdateSet({
                result: sql`case when jobs_effects.claimed_until is null then jobs_effects.result else excluded.result end`,
                claimed_until: null,
              }),
          )
          .returning("result")
          .executeTakeFirstOrThrow(),
      );
      return noted.result;
    },
  };
}
