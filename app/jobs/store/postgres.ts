import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely, PostgresDialect, type PostgresPoolClient } from "kysely";
import { DatabaseError, Pool, types } from "pg";
import { SettingsInvalid } from "../errors";
import { migrate, ONE_OF_A_KEY } from "./migrations";
import type { Database } from "./schema";
import { asTransaction, refuseInTransaction, type Session } from "./session";
import { StoreUnavailable, type Transaction } from "./store";

/** Connections of one process. */
const CONNECTIONS = 5;
/** Milliseconds for a connection, for a statement of the store itself, and for any other. */
const CONNECT = 2000;
const OWN_STATEMENT = 5000;
const STATEMENT = 30_000;
/** A transaction that collided with others is tried so many times in all. */
const TRIES = 5;

const BIGINT = types.builtins.INT8;

/**
 * The task database in PostgreSQL.
 *
 * @param url with a host, or a socket's folder as `?host=`
 * @throws SettingsInvalid where it refuses for good (no such database, wrong password), StoreUnavailable while it is away
 */
export async function openPostgres(url: string): Promise<Session> {
  if (!/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? "")) {
    // It may hold a password: isn't repeated.
    throw new SettingsInvalid(["DATABASE_URL: should be a URL such as postgresql://user@host/database"]);
  }
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: "queuehost",
    connectionTimeoutMillis: CONNECT,
    statement_timeout: STATEMENT,
    keepAlive: true,
    types: {
      // Times and counts are far below 2^53.
      getTypeParser: ((id, format) =>
        id === BIGINT ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser,
    },
  });
  // A connection that broke while nobody used it: the pool makes a new one.
  pool.on("error", () => {});
  // One that breaks between two statements of a transaction: the next statement fails.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new WatchedPool(pool) }) });
  try {
    await named(() => migrate(db, "postgres"));
    return new PostgresSession(db);
  } catch (error) {
    await db.destroy();
    if (error instanceof StoreUnavailable) throw error;
    const { host, pathname, searchParams } = new URL(url);
    const where = `database ${pathname.slice(1)} on ${searchParams.get("host") ?? host}`;
    throw new SettingsInvalid([
      `DATABASE_URL: should name a PostgreSQL database in which this user may make tables; ${where} says: ${text(error)}`,
    ]);
  }
}

/** Whether a statement is the store's own, whose callers are to know soon that the server is away. */
const hurried = new AsyncLocalStorage<true>();

/** A server that answers nothing at all, not even that a statement took too long, is gone: cuts the connection. */
class WatchedPool {
  readonly options: object;

  constructor(private readonly pool: Pool) {
    this.options = pool.options;
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.pool.connect();
    return {
      query: async (text: string, values: readonly unknown[]) => {
        const own = hurried.getStore() === true;
        const cut = () => client.connection.stream.destroy(new Error("no answer"));
        const timer = setTimeout(cut, own ? OWN_STATEMENT : STATEMENT + CONNECT);
        return await client.query(text, own ? values.map(storable) : [...values]).finally(() => clearTimeout(timer));
      },
      release: (destroy?: boolean) => client.release(destroy),
    } as unknown as PostgresPoolClient;
  }

  async end(): Promise<void> {
    await this.pool.end();
  }
}

/** Text may hold no NUL: whatever a job throws or somebody asks for, the store's own statements are understood. */
function storable(value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value;
}

class PostgresSession implements Session {
  readonly kind = "postgres";

  constructor(readonly db: Kysely<Database>) {}

  async read<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    return await hurried.run(true, () => named(() => work(this.db)));
  }

  async statement<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    refuseInTransaction();
    return await hurried.run(true, () => again(() => work(this.db)));
  }

  async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    refuseInTransaction();
    return await hurried.run(true, () => again(() => this.db.transaction().execute(work)));
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    refuseInTransaction();
    return await again(() => this.db.transaction().execute((transaction) => asTransaction(() => work(transaction))));
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

/** Serialization failure, deadlock. */
const COLLIDED = ["40001", "40P01"];

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await named(work);
    } catch (error) {
      const collided =
        error instanceof DatabaseError && (COLLIDED.includes(error.code ?? "") || error.constraint === ONE_OF_A_KEY);
      if (!collided || tries === TRIES) throw error;
    }
  }
}

/** Connection errors, shutting down, starting, too many connections, no room, read-only. */
const AWAY = /^(08|57P|53|25006)/;
const NETWORK = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
];
/** What pg says, without a code, of a connection that broke. */
const BROKEN = /timeout exceeded when trying to connect|Connection terminated|not queryable|no answer/;

/** Tells the errors of a server that is away from those of a statement. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const away = error instanceof DatabaseError ? AWAY.test(code) : NETWORK.includes(code) || BROKEN.test(text(error));
    if (!away) throw error;
    throw new StoreUnavailable(`task database: ${text(error)}`, { cause: error });
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
