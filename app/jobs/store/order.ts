import { type RawBuilder, sql } from "kysely";
import type { Session } from "./session";
import type { Transaction } from "./store";

/**
 * Of the outbox row `o`: its order key lets it go, since no earlier task of the key is unfinished, and none that was let go. (The
 * latter may be a later one: a task that failed was opened again.)
 */
export const LET_GO: RawBuilder<boolean> = sql`(o.order_key is null or (
  not exists (select 1 from jobs_tasks e where e.order_key = o.order_key and e.finished_at is null and e.seq < o.seq)
  and not exists (select 1 from jobs_tasks e where e.order_key = o.order_key and e.finished_at is null
    and e.released = 1 and e.seq <> o.seq)))`;

/**
 * Has transactions that add tasks of one key wait for each other until their end, so that the tasks' numbers are in the order
 * of the commits. SQLite has one writer at a time anyway.
 */
export async function lockOrderKeys(
  transaction: Transaction,
  kind: Session["kind"],
  keys: readonly (string | null)[],
): Promise<void> {
  if (kind === "sqlite") return;
  for (const key of distinct(keys)) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`jobs_order:${key}`}, 0))`.execute(transaction);
  }
}

/**
 * Has the first task that each of these keys has in the outbox looked at from now on. To be called after tasks came or went: who
 * does so at the same time waits, and sees what was done here.
 */
export async function showFirst(
  transaction: Transaction,
  kind: Session["kind"],
  keys: readonly (string | null)[],
): Promise<void> {
  await lockOrderKeys(transaction, kind, keys);
  for (const key of distinct(keys)) {
    await sql`update jobs_outbox set held = 0 where held = 1
      and task_id = (select task_id from jobs_outbox where order_key = ${key} order by seq limit 1)`.execute(
      transaction,
    );
  }
}

function distinct(keys: readonly (string | null)[]): readonly string[] {
  return [...new Set(keys)].filter((key) => key !== null).sort();
}
