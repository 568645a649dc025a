/**
 * What the task database can do by itself, per second, on SQLite and on PostgreSQL, both with every commit on the disk.
 *
 * Usage: tsx test/bench/store.ts [operations, default 2000]
 */
import { sql } from "kysely";
import type { Store } from "../../app/jobs/store/store";
import { PostgresServer, postgres } from "../unit/jobs/support/postgres";
import { Databases, newTask } from "../unit/jobs/support/stores";

/** Callers that don't wait for each other. */
const PARALLEL = 50;

const payload = JSON.stringify({ reservation: { name: "x".repeat(200) } });
let made = 0;

function task() {
  made += 1;
  return newTask(`bench-${made}`, { payload });
}

/** As `enqueueIn` after a row of the application's own. */
async function order(store: Store): Promise<void> {
  const one = task();
  await store.transaction(async (transaction) => {
    await sql`insert into bench_orders (id) values (${one.id})`.execute(transaction);
    await store.insert(one, transaction);
  });
}

/** All that the task database is told of a tracked job. */
async function wholeLife(store: Store): Promise<void> {
  const { task: added } = await store.insert(task());
  const claimed = await store.claimOutgoing(1, 5000, [added.id]);
  await store.sent(claimed);
  await store.start(added.id, 1);
  await store.complete(added.id, null);
}

const MEASURES: readonly (readonly [string, parallel: number, (store: Store) => Promise<unknown>, each?: number])[] = [
  ["insert, one after another", 1, (store) => store.insert(task())],
  [`insert, ${PARALLEL} in parallel`, PARALLEL, (store) => store.insert(task())],
  ["insertMany of 500", 1, (store) => store.insertMany(Array.from({ length: 500 }, task)), 500],
  ["own row and task in one transaction", 1, order],
  [`the same, ${PARALLEL} in parallel`, PARALLEL, order],
  ["a tracked job's whole life, one after another", 1, wholeLife],
  [`the same, ${PARALLEL} in parallel`, PARALLEL, wholeLife],
];

/** Operations per second. */
async function rate(count: number, parallel: number, operation: () => Promise<unknown>, each: number): Promise<number> {
  let left = Math.ceil(count / each);
  const start = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (; left > 0; ) {
        left -= 1;
        await operation();
      }
    }),
  );
  return (Math.ceil(count / each) * each * 1000) / (performance.now() - start);
}

async function main(): Promise<void> {
  const count = Number(process.argv[2] ?? 2000);
  const rows = MEASURES.map(([name]) => [name] as string[]);
  for (const kind of ["sqlite", "postgres"] as const) {
    if (kind === "postgres" && postgres.missing) continue;
    const databases = new Databases(kind);
    const server = kind === "postgres" ? await PostgresServer.start({ flushes: true }) : undefined;
    try {
      const place = await databases.place();
      const store = await databases.store(server ? { ...place, databaseUrl: await server.newDatabase() } : place);
      await sql`create table bench_orders (id text primary key)`.execute(store.db);
      for (const [index, [, parallel, operation, each = 1]] of MEASURES.entries()) {
        const perSecond = await rate(count, parallel, () => operation(store), each);
        rows[index]?.push(Math.round(perSecond).toLocaleString("en"));
      }
    } finally {
      await databases.remove();
      await server?.remove();
    }
  }
  process.stdout.write("| per second | SQLite | PostgreSQL |\n| --- | --- | --- |\n");
  for (const row of rows) process.stdout.write(`| ${row.join(" | ")} |\n`);
}

void main();
