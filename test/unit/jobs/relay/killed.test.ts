import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../../../../app/jobs/store/store";
import { bundled } from "../../../support/bundled";
import { NOT_LONG } from "../../../support/requires";
import { waitFor } from "../../../support/wait-for";
import { RedisServer, redis } from "../../app/support/redis-server";
import { Databases, KINDS, type Place } from "../support/stores";
import type { Step } from "./shop";
import type { ShopTables } from "./shop-table";

const STEPS: readonly Step[] = [
  "after the insert",
  "after the commit",
  "after the claim",
  "after the add",
  "before the delete",
];

/** Seconds until what a killed worker held has run again, with time for a busy machine. */
const QUIET = 60;

const folder = mkdtempSync(join(tmpdir(), "queuehost-shop-"));
const program = join(folder, "shop.cjs");
let server: RedisServer | undefined;

beforeAll(async () => {
  if (redis.missing) return;
  writeFileSync(program, bundled('import "../unit/jobs/relay/shop";'));
  server = await RedisServer.start();
}, 60_000);

afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing || redis.missing)(`killed processes on ${name}${note}${redis.note}`, () => {
    const databases = new Databases(kind);
    const shops: Shop[] = [];
    beforeAll(() => databases.start(), 60_000);
    afterAll(async () => {
      for (const shop of shops) await shop.stop();
      await databases.remove();
    });

    const open = async (prefix: string) => {
      const shop = new Shop(await databases.place(), `${prefix}-${kind}`, server?.port ?? 0);
      shops.push(shop);
      await shop.prepare(await databases.store(shop.place));
      return shop;
    };

    test("at every step: each committed order is shipped once, each customer's in turn", async () => {
      const shop = await open("steps");
      for (const step of STEPS) await shop.killsItself(step);
      await shop.finish();
    }, 120_000);

    test.skipIf(NOT_LONG)(
      "at any moment, many times, two at a time",
      async () => {
        const shop = await open("any");
        for (let round = 0; round < 25; round += 1) await shop.isKilled(100 + Math.random() * 1500);
        await shop.finish();
      },
      600_000,
    );
  });
}

/** One application: its database, its queue and its processes. */
class Shop {
  private readonly running = new Set<ChildProcess>();
  private store: Store | undefined;

  constructor(
    readonly place: Place,
    private readonly prefix: string,
    private readonly port: number,
  ) {}

  async prepare(store: Store): Promise<void> {
    this.store = store;
    const number =
      store.kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity primary key";
    await sql`create table shop_orders (id text primary key)`.execute(store.db);
    await sql`create table shop_shipments (number ${sql.raw(number)}, order_id text not null)`.execute(store.db);
  }

  async killsItself(step: Step): Promise<void> {
    const process = this.start(30, step);
    await once(process, "exit");
    expect({ step, signal: process.signalCode }).toEqual({ step, signal: "SIGKILL" });
  }

  /** Two processes, after so many milliseconds of work. */
  async isKilled(ms: number): Promise<void> {
    const processes = [this.start(100_000), this.start(100_000)];
    await sleep(ms);
    await Promise.all(processes.map((process) => this.kill(process)));
  }

  /** Lets one more process run until all is quiet, and compares. */
  async finish(): Promise<void> {
    const { store } = this;
    if (!store) throw new Error("not prepared");
    const last = this.start(10);
    const isQuiet = async () => {
      const { waiting, scheduled, active, completed } = await store.counts();
      return completed > 0 && waiting + scheduled + active + (await store.outgoing()) === 0;
    };
    await waitFor("the ten last orders", async () => (await this.orders()).includes(`${last.pid}-8`), QUIET);
    await waitFor("no task that is left", isQuiet, QUIET);
    const orders = await this.orders();
    const { rows } = await sql<{ order_id: string }>`select order_id from shop_shipments order by number`.execute(
      store.db,
    );
    const shipped = rows.map((row) => row.order_id);
    expect([...shipped].sort()).toEqual([...orders].sort());
    await this.expectTurns(store, shipped);
    await this.stop();
  }

  async stop(): Promise<void> {
    for (const process of this.running) await this.kill(process);
  }

  private async orders(): Promise<readonly string[]> {
    const rows = await this.store?.db.withTables<ShopTables>().selectFrom("shop_orders").select("id").execute();
    return rows?.map(({ id }) => id) ?? [];
  }

  /** Shipments of each customer are in the order of the orders. */
  private async expectTurns(store: Store, shipped: readonly string[]): Promise<void> {
    const tasks = await store.db
      .selectFrom("jobs_tasks")
      .select(["id", "order_key"])
      .where("order_key", "is not", null)
      .orderBy("seq")
      .execute();
    const turns = Map.groupBy(tasks, ({ order_key }) => order_key);
    expect(turns.size).toBeGreaterThan(1);
    for (const [, turn] of turns) {
      const ids = turn.map(({ id }) => id);
      expect(shipped.filter((id) => ids.includes(id))).toEqual(ids);
    }
  }

  private start(orders: number, step?: Step): ChildProcess {
    const env = {
      PATH: process.env.PATH,
      REDIS_PORT: String(this.port),
      QUEUE_PREFIX: this.prefix,
      STATE_DIR: this.place.stateDir,
      ORDERS: String(orders),
      ...(this.place.databaseUrl !== undefined && { DATABASE_URL: this.place.databaseUrl }),
      ...(step !== undefined && { STEP: step }),
    };
    const child = spawn(process.execPath, [program], { env, stdio: ["ignore", "ignore", "inherit"] });
    this.running.add(child);
    child.once("exit", () => this.running.delete(child));
    return child;
  }

  private async kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}
