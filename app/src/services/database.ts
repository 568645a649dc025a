import { type Kysely, type Transaction as KyselyTransaction, sql } from "kysely";
import type { Jobs, Transaction } from "queuehost/jobs";

type Store = Jobs["store"];

/** The application's own tables, in the database of the tasks: so that a job's effect and its end are one transaction. */
export type AppTables = {
  app_inventory: InventoryTable;
  app_imports: { id: string; business_id: number; file: string; rows: number; created_at: number };
  app_reports: ReportTable;
  app_events: { id: string; name: string; properties: string; occurred_at: number };
  app_syncs: { business_id: number; system: string; synced_at: number };
};

export type InventoryTable = {
  business_id: number;
  sku: string;
  name: string;
  quantity: number;
  /** A stock below it is low. */
  reorder_level: number;
  price_cents: number;
  /** Milliseconds since 1970, as all times here. */
  updated_at: number;
};

export type ReportTable = {
  id: string;
  business_id: number;
  type: string;
  file: string;
  created_at: number;
};

export type AppDatabase = Kysely<AppTables>;

/** The application's tables within a transaction of the tasks. */
export function tables(transaction: Transaction): KyselyTransaction<AppTables> {
  return transaction.withTables<AppTables>() as unknown as KyselyTransaction<AppTables>;
}

/** The application's tables outside of a transaction, for reading. */
export function database(store: Store): AppDatabase {
  return store.db.withTables<AppTables>() as unknown as AppDatabase;
}

/** Any number, which PostgreSQL's processes agree on. */
const LOCK = 7_190_417;

/**
 * Makes the tables where they are missing; several processes may try at the same time. Changes are additions alone, since an
 * older release goes on beside a newer one for a while.
 */
export async function migrate(store: Store): Promise<void> {
  await store.transaction(async (transaction) => {
    if (store.kind === "postgres") await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
    const { schema } = transaction;
    await schema
      .createTable("app_inventory")
      .ifNotExists()
      .addColumn("business_id", "integer", (column) => column.notNull())
      .addColumn("sku", "varchar(64)", (column) => column.notNull())
      .addColumn("name", "varchar(200)", (column) => column.notNull())
      .addColumn("quantity", "integer", (column) => column.notNull())
      .addColumn("reorder_level", "integer", (column) => column.notNull())
      .addColumn("price_cents", "integer", (column) => column.notNull())
      .addColumn("updated_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("app_inventory_key", ["business_id", "sku"] as never[])
      .execute();
    await schema
      .createTable("app_imports")
      .ifNotExists()
      .addColumn("id", "varchar(128)", (column) => column.primaryKey())
      .addColumn("business_id", "integer", (column) => column.notNull())
      .addColumn("file", "varchar(200)", (column) => column.notNull())
      .addColumn("rows", "integer", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createTable("app_reports")
      .ifNotExists()
      .addColumn("id", "varchar(128)", (column) => column.primaryKey())
      .addColumn("business_id", "integer", (column) => column.notNull())
      .addColumn("type", "varchar(64)", (column) => column.notNull())
      .addColumn("file", "varchar(200)", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createTable("app_events")
      .ifNotExists()
      .addColumn("id", "varchar(128)", (column) => column.primaryKey())
      .addColumn("name", "varchar(64)", (column) => column.notNull())
      .addColumn("properties", "text", (column) => column.notNull())
      .addColumn("occurred_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createIndex("app_events_by_time")
      .ifNotExists()
      .on("app_events")
      .columns(["occurred_at", "id"])
      .execute();
    await schema
      .createTable("app_syncs")
      .ifNotExists()
      .addColumn("business_id", "integer", (column) => column.notNull())
      .addColumn("system", "varchar(64)", (column) => column.notNull())
      .addColumn("synced_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("app_syncs_key", ["business_id", "system"] as never[])
      .execute();
  });
}
