import { sql } from "kysely";
import type { Session } from "./session";
import type { Transaction } from "./store";

/**
 * Of the outbox row `o`: its order key lets it go, since no earlier task of the key is unfinished, and none that was let go. (The
 * latter may be a later one: a task that failed was opened again.)
 */
export const LET_GO = sql<boolean>`(o.order_key is null or (
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
  const sorted = [...new Set(keys)].filter((key) => key !== null).sort();
  for (const key of sorted) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`jobs_order:${key}`}, 0))`.execute(transaction);
  }
}
