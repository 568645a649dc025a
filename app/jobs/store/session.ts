import { AsyncLocalStorage } from "node:async_hooks";
import type { Kysely } from "kysely";
import type { Database } from "./schema";
import type { Transaction } from "./store";

/** How the statements of the store get to a database. */
export interface Session {
  readonly kind: "sqlite" | "postgres";
  readonly db: Kysely<Database>;
  /** For one statement, or several that needn't see the same state. Never waits for a transaction of this process. */
  read<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T>;
  /** Several statements, all or none of them. They wait for nothing but the database, so that SQLite can join many to one commit. */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** One statement that writes. */
  statement<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T>;
  /** Whatever the application does in it. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What is asynchronously called from the callback of a transaction, and whether that is open still. */
const current = new AsyncLocalStorage<{ open: boolean }>();

/** Whether the caller was called from a transaction that is open. */
export function inTransaction(): boolean {
  return current.getStore()?.open === true;
}

/** Within a transaction, another one of the same process would wait for it for ever (SQLite has one writer) or could (a pool has an end). */
export function refuseInTransaction(): void {
  if (!inTransaction()) return;
  throw new Error(
    "a transaction of the task database is open here: give it along (enqueueIn(transaction, ...)), or do this after it",
  );
}

/** Runs the callback of a transaction so that it is known as such. */
export async function asTransaction<T>(work: () => Promise<T>): Promise<T> {
  const state = { open: true };
  try {
    return await current.run(state, work);
  } finally {
    state.open = false;
  }
}
