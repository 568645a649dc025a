import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import { SettingsInvalid } from "../errors";
import { migrate } from "./migrations";
import type { Database } from "./schema";
import { asTransaction, refuseInTransaction, type Session } from "./session";
import { isBusy, sqliteDialect } from "./sqlite-driver";
import { StoreUnavailable, type Transaction } from "./store";

/** Writes that are joined to one commit at most. */
const AT_ONCE = 200;

interface Pending {
  run(transaction: Transaction): Promise<void>;
  committed(): void;
  failed(error: unknown): void;
}

/**
 * The task database in a file that several processes share.
 *
 * @throws SettingsInvalid where it can't be opened; Error where Node has no SQLite
 */
export async function openSqlite(file: string): Promise<Session> {
  // Not imported: an older Node would end before anything can be said.
  const sqlite = process.getBuiltinModule?.("node:sqlite") as typeof import("node:sqlite") | undefined;
  if (!sqlite) throw new Error(`queuehost/jobs needs Node 22.13 or newer (node:sqlite), got ${process.version}`);
  const open = (readOnly: boolean) => openFile(new sqlite.DatabaseSync(file, { readOnly, timeout: 10_000 }));
  const databases: DatabaseSync[] = [];
  try {
    makeFolder(dirname(resolve(file)));
    // Its log and shared memory get the same mode.
    closeSync(openSync(file, "a", 0o640));
    const writer = open(false);
    databases.push(writer);
    writer.exec("pragma journal_mode = wal");
    const db = new Kysely<Database>({ dialect: sqliteDialect(writer, "writing") });
    await migrate(db, "sqlite");
    const reader = open(true);
    return new SqliteSession(db, new Kysely<Database>({ dialect: sqliteDialect(reader, "reading") }));
  } catch (error) {
    for (const database of databases) database.close();
    throw new SettingsInvalid([
      `STATE_DIR: should be a folder in which this user may write ${file}, a database; got: ${text(error)}`,
    ]);
  }
}

/** Node's own `recursive` goes round for ever below a folder that lets nobody make one, such as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  }
}

function openFile(database: DatabaseSync): DatabaseSync {
  // What is acknowledged is on the disk. From here on nothing waits synchronously (see sqlite-driver).
  database.exec("pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 0");
  return database;
}

class SqliteSession implements Session {
  readonly kind = "sqlite";
  private pending: Pending[] = [];
  private pump: Promise<void> | undefined;

  constructor(
    readonly db: Kysely<Database>,
    private readonly reader: Kysely<Database>,
  ) {}

  async read<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    return await named(() => work(this.reader));
  }

  async statement<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    return await this.write(work);
  }

  /** A commit waits for the disk: what comes meanwhile goes together in the next one, each within a savepoint. */
  async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    refuseInTransaction();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let result: { value: T } | undefined;
    this.pending.push({
      run: async (transaction) => {
        result = { value: await work(transaction) };
      },
      committed: () => result && resolve(result.value),
      failed: reject,
    });
    this.pump ??= this.commitPending().finally(() => {
      this.pump = undefined;
    });
    return await promise;
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await named(() => this.db.transaction().execute((transaction) => asTransaction(() => work(transaction))));
  }

  async close(): Promise<void> {
    await this.pump;
    await this.reader.destroy();
    await this.db.destroy();
  }

  private async commitPending(): Promise<void> {
    // What is asked for in the same turn joins.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const group = this.pending.splice(0, AT_ONCE);
      let done: Pending[] = [];
      try {
        done = await named(() => this.db.transaction().execute((transaction) => runGroup(group, transaction)));
      } catch (error) {
        for (const each of group) each.failed(error);
      }
      for (const each of done) each.committed();
    }
  }
}

/** @returns those that didn't fail */
async function runGroup(group: readonly Pending[], transaction: Transaction): Promise<Pending[]> {
  const done: Pending[] = [];
  for (const each of group) {
    await sql`savepoint one`.execute(transaction);
    try {
      await each.run(transaction);
      await sql`release one`.execute(transaction);
      done.push(each);
    } catch (error) {
      await sql`rollback to one`.execute(transaction);
      await sql`release one`.execute(transaction);
      each.failed(await named(() => Promise.reject(error)).catch((reason) => reason));
    }
  }
  return done;
}

/** I/O fails, no room, read-only, can't be opened. */
const AWAY = [8, 10, 13, 14];

/** Tells the errors of a file that can't be used now from those of a statement. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
    if (!isBusy(error) && !AWAY.includes(code)) throw error;
    throw new StoreUnavailable(`task database: ${text(error)}`, { cause: error });
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
