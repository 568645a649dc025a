import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { refuseInTransaction } from "./session";

/** Milliseconds for which a write waits for other processes' transactions. */
const PATIENCE = 10_000;
/** Statements that stay prepared. */
const PREPARED = 200;

/** SQLite says that another process is writing. */
export function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  return code === 5 || code === 6;
}

/**
 * Kysely on Node's own SQLite: one connection, whose transactions begin as writers.
 *
 * @param use writing: for one user at a time; reading: no transactions, so that nobody has to wait
 */
export function sqliteDialect(database: DatabaseSync, use: "writing" | "reading"): Dialect {
  return {
    createAdapter: () => new ManyUsers(),
    createDriver: () => new SqliteDriver(database, use),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The driver itself has its users wait for each other, since it knows which of them would wait for itself. */
class ManyUsers extends SqliteAdapter {
  override get supportsMultipleConnections() {
    return true;
  }
}

class SqliteDriver implements Driver {
  private readonly connection: Connection;
  private free: Promise<void> = Promise.resolve();
  private release = () => {};

  constructor(
    private readonly database: DatabaseSync,
    private readonly use: "writing" | "reading",
  ) {
    this.connection = new Connection(database);
  }

  async init() {}

  async acquireConnection() {
    if (this.use === "reading") return this.connection;
    refuseInTransaction();
    const before = this.free;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.free = promise;
    await before;
    this.release = resolve;
    return this.connection;
  }

  async releaseConnection() {
    this.release();
  }

  async beginTransaction() {
    await this.connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction() {
    await this.connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction() {
    // SQLite has rolled back by itself where the disk was full.
    if (this.database.isTransaction) await this.connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy() {
    await this.free;
    this.database.close();
  }
}

class Connection implements DatabaseConnection {
  private readonly prepared = new Map<string, { statement: StatementSync; reads: boolean }>();

  constructor(private readonly database: DatabaseSync) {}

  /** SQLite's own waiting for another process would stop this one, so it is done here. */
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    for (const end = Date.now() + PATIENCE; ; await sleep(1 + Math.random() * 15)) {
      try {
        return this.execute<Row>(query);
      } catch (error) {
        if (!isBusy(error) || this.database.isTransaction || Date.now() > end) throw error;
      }
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    const rows = this.database.prepare(query.sql).iterate(...query.parameters.map(value));
    for (const row of rows) yield { rows: [row as Row] };
  }

  private execute<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    const { statement, reads } = this.prepare(sql);
    if (reads) return { rows: statement.all(...parameters.map(value)) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters.map(value));
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  private prepare(sql: string) {
    const known = this.prepared.get(sql);
    if (known) return known;
    const statement = this.database.prepare(sql);
    const made = { statement, reads: statement.columns().length > 0 };
    const [oldest] = this.prepared.keys();
    if (this.prepared.size >= PREPARED && oldest !== undefined) this.prepared.delete(oldest);
    this.prepared.set(sql, made);
    return made;
  }
}

function value(parameter: unknown): SQLInputValue {
  if (parameter === undefined) return null;
  if (typeof parameter === "boolean") return parameter ? 1 : 0;
  return parameter as SQLInputValue;
}
