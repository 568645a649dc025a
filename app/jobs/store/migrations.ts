import { type Kysely, sql } from "kysely";
import type { Database } from "./schema";

type Kind = "sqlite" | "postgres";

/** The index by which the database itself lets one task of an order key go at a time. */
export const ONE_OF_A_KEY = "jobs_tasks_released";

/** Any number, the same for all releases: who holds it migrates. */
const LOCK = 7_105_313;

/**
 * What was done to the task database, in order. During a release the one before goes on to run on the same database, so a
 * migration only adds: tables, indexes, columns that are null or have a default. None is ever changed or removed.
 */
const MIGRATIONS: readonly ((kind: Kind) => readonly string[])[] = [
  (kind) => [
    `create table jobs_tasks (
      seq ${kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key"},
      id text not null unique,
      type text not null,
      queue text not null,
      status text not null,
      progress double precision not null default 0,
      message text,
      payload text not null,
      digest text not null,
      priority integer not null,
      attempts integer not null,
      backoff integer not null,
      attempt integer not null default 0,
      order_key text,
      released integer not null default 0,
      run_at bigint,
      created_at bigint not null,
      updated_at bigint not null,
      started_at bigint,
      finished_at bigint,
      result text,
      error text,
      cancel_requested integer not null default 0
    )`,
    "create index jobs_tasks_listed on jobs_tasks (status, queue, seq)",
    "create index jobs_tasks_changed on jobs_tasks (updated_at)",
    "create index jobs_tasks_results on jobs_tasks (finished_at) where result is not null",
    "create index jobs_tasks_order on jobs_tasks (order_key, seq) where order_key is not null and finished_at is null",
    `create unique index ${ONE_OF_A_KEY} on jobs_tasks (order_key)
      where released = 1 and order_key is not null and finished_at is null`,
    `create table jobs_outbox (
      task_id text primary key references jobs_tasks (id) on delete cascade,
      seq bigint not null,
      order_key text,
      held integer not null default 0,
      leased_until bigint not null default 0,
      again integer not null default 0
    )`,
    "create index jobs_outbox_first on jobs_outbox (seq) where held = 0",
    "create index jobs_outbox_order on jobs_outbox (order_key, seq) where order_key is not null",
    "create table jobs_effects (key text primary key, result text, created_at bigint not null)",
    "create index jobs_effects_age on jobs_effects (created_at)",
    `create table jobs_dead_letters (
      id text primary key,
      type text not null,
      queue text not null,
      payload text not null,
      reason text not null,
      attempts integer not null,
      failed_at bigint not null,
      resolution text,
      resolved_at bigint
    )`,
    "create index jobs_dead_letters_age on jobs_dead_letters (resolved_at, failed_at)",
  ],
  () => [
    "alter table jobs_outbox add column here integer not null default 0",
    "alter table jobs_effects add column claimed_until bigint",
  ],
  () => ["alter table jobs_tasks add column here integer not null default 0"],
  () => ["create index jobs_tasks_unfinished on jobs_tasks (seq) where finished_at is null"],
  () => ["create index jobs_tasks_typed on jobs_tasks (type, seq)"],
];

/**
 * Brings the tables to this release, in one transaction; processes that start at once wait for each other. A database of a
 * later release is left as it is.
 */
export async function migrate(db: Kysely<Database>, kind: Kind): Promise<void> {
  // SQLite needs no lock: its transactions begin as writers.
  await db.transaction().execute(async (transaction) => {
    if (kind === "postgres") await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
    await sql`create table if not exists jobs_migrations (number integer primary key, applied_at bigint not null)`.execute(
      transaction,
    );
    const done = await sql<{ number: number | null }>`select max(number) as number from jobs_migrations`.execute(
      transaction,
    );
    const last = done.rows[0]?.number ?? 0;
    for (const [index, statements] of MIGRATIONS.entries()) {
      const number = index + 1;
      if (number <= last) continue;
      for (const statement of statements(kind)) await sql.raw(statement).execute(transaction);
      await sql`insert into jobs_migrations (number, applied_at) values (${number}, ${Date.now()})`.execute(
        transaction,
      );
    }
  });
}
