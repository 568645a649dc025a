import type { Selectable } from "kysely";
import type { DeadLetterTable } from "./schema";
import type { Session } from "./session";
import type { DeadLetter, Store } from "./store";

const PAGE = 50;
const LONGEST_PAGE = 500;

/** Jobs that failed for good. */
export function deadLetters(
  session: Session,
): Pick<Store, "bury" | "deadLetters" | "deadLetter" | "resolve" | "removeDeadLetter"> {
  return {
    /** The letter of an earlier failure of the same job gives way. */
    async bury({ id, type, queue, payload, reason, attempts, failedAt }) {
      const row = { type, queue, payload, reason, attempts, failed_at: failedAt, resolution: null, resolved_at: null };
      await session.statement((db) =>
        db
          .insertInto("jobs_dead_letters")
          .values({ id, ...row })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
          .execute(),
      );
    },

    async deadLetters({ queue, type, resolved = false, limit = PAGE, offset = 0 }) {
      const { rows, total } = await session.read(async (db) => {
        const matching = db
          .selectFrom("jobs_dead_letters")
          .where("resolved_at", resolved ? "is not" : "is", null)
          .$if(queue !== undefined, (query) => query.where("queue", "=", queue ?? ""))
          .$if(type !== undefined, (query) => query.where("type", "=", type ?? ""));
        const rows = await matching
          .selectAll()
          .orderBy("failed_at", "desc")
          .orderBy("id")
          .limit(Math.min(limit, LONGEST_PAGE))
          .offset(offset)
          .execute();
        const { total } = await matching.select((eb) => eb.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
        return { rows, total };
      });
      return { letters: rows.map(letterOf), total };
    },

    async deadLetter(id) {
      const row = await session.read((db) =>
        db.selectFrom("jobs_dead_letters").selectAll().where("id", "=", id).executeTakeFirst(),
      );
      return row && letterOf(row);
    },

    async resolve(id, note) {
      const { numUpdatedRows } = await session.statement((db) =>
        db
          .updateTable("jobs_dead_letters")
          .set({ resolution: note, resolved_at: Date.now() })
          .where("id", "=", id)
          .where("resolved_at", "is", null)
          .executeTakeFirst(),
      );
      return numUpdatedRows > 0n;
    },

    async removeDeadLetter(id, failedAt) {
      const { numDeletedRows } = await session.statement((db) =>
        db
          .deleteFrom("jobs_dead_letters")
          .where("id", "=", id)
          .$if(failedAt !== undefined, (query) => query.where("failed_at", "=", failedAt ?? 0))
          .executeTakeFirst(),
      );
      return numDeletedRows > 0n;
    },
  };
}

function letterOf(row: Selectable<DeadLetterTable>): DeadLetter {
  return {
    id: row.id,
    type: row.type,
    queue: row.queue,
    payload: row.payload,
    reason: row.reason,
    attempts: row.attempts,
    failedAt: row.failed_at,
    resolution: row.resolution,
    resolvedAt: row.resolved_at,
  };
}
