import { type Kysely, sql } from "kysely";
import type { Database } from "./schema";
import type { Session } from "./session";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How long what is finished stays, in milliseconds. */
const KEPT = { result: DAY, task: 7 * DAY, effect: 30 * DAY, settledLetter: 30 * DAY };

/** Rows of one transaction: others wait for it. */
const AT_ONCE = 1000;

/**
 * Deletes what is too old, in small steps; and has the first tasks of order keys looked at, should a row that was before them have
 * gone in a way that isn't ours.
 *
 * @returns rows
 */
export async function prune(session: Session, now = Date.now()): Promise<number> {
  let total = 0;
  for (const step of STEPS) {
    for (let count = AT_ONCE; count === AT_ONCE; total += count) {
      count = Number(await session.statement((db) => step(db, now)));
    }
  }
  await session.statement((db) =>
    sql`update jobs_outbox set held = 0 where held = 1 and not exists (
      select 1 from jobs_outbox e where e.order_key = jobs_outbox.order_key and e.seq < jobs_outbox.seq)`.execute(db),
  );
  return total;
}

const STEPS: readonly ((db: Kysely<Database>, now: number) => Promise<bigint>)[] = [
  async (db, now) => {
    const old = db
      .selectFrom("jobs_tasks")
      .select("seq")
      // Says the same as the next line, but has an index.
      .where("updated_at", "<", now - KEPT.task)
      .where("finished_at", "<", now - KEPT.task)
      .limit(AT_ONCE);
    return (await db.deleteFrom("jobs_tasks").where("seq", "in", old).executeTakeFirst()).numDeletedRows;
  },
  async (db, now) => {
    const old = db
      .selectFrom("jobs_tasks")
      .select("seq")
      .where("result", "is not", null)
      .where("finished_at", "<", now - KEPT.result)
      .limit(AT_ONCE);
    const query = db.updateTable("jobs_tasks").set({ result: null }).where("seq", "in", old);
    return (await query.executeTakeFirst()).numUpdatedRows;
  },
  async (db, now) => {
    const old = db
      .selectFrom("jobs_effects")
      .select("key")
      .where("created_at", "<", now - KEPT.effect)
      .limit(AT_ONCE);
    return (await db.deleteFrom("jobs_effects").where("key", "in", old).executeTakeFirst()).numDeletedRows;
  },
  async (db, now) => {
    const old = db
      .selectFrom("jobs_dead_letters")
      .select("id")
      .where("resolved_at", "<", now - KEPT.settledLetter)
      .limit(AT_ONCE);
    return (await db.deleteFrom("jobs_dead_letters").where("id", "in", old).executeTakeFirst()).numDeletedRows;
  },
];
