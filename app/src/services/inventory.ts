import type { Transaction } from "queuehost/jobs";
import { Unrecoverable } from "queuehost/jobs";
import { type AppDatabase, type InventoryTable, tables } from "./database";

/** An item of a business's stock. */
export interface StockItem {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly reorderLevel: number;
  readonly priceCents: number;
}

/** Rows of one statement: PostgreSQL and SQLite both limit its parameters. */
const CHUNK = 500;

/** Adds items, or replaces those that are there. */
export async function putStock(transaction: Transaction, businessId: number, items: readonly StockItem[]) {
  for (const some of chunks(items)) {
    await tables(transaction)
      .insertInto("app_inventory")
      .values(some.map((item) => toRow(businessId, item)))
      .onConflict((conflict) =>
        conflict.columns(["business_id", "sku"]).doUpdateSet(({ ref }) => ({
          name: ref("excluded.name"),
          quantity: ref("excluded.quantity"),
          reorder_level: ref("excluded.reorder_level"),
          price_cents: ref("excluded.price_cents"),
          updated_at: ref("excluded.updated_at"),
        })),
      )
      .execute();
  }
}

/**
 * Sets quantities, all or none.
 *
 * @throws Unrecoverable with the items that the business doesn't have
 */
export async function setQuantities(
  transaction: Transaction,
  businessId: number,
  changes: readonly { readonly sku: string; readonly quantity: number }[],
): Promise<void> {
  const unknown: string[] = [];
  for (const { sku, quantity } of changes) {
    const { numUpdatedRows } = await tables(transaction)
      .updateTable("app_inventory")
      .set({ quantity, updated_at: Date.now() })
      .where("business_id", "=", businessId)
      .where("sku", "=", sku)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) unknown.push(sku);
  }
  if (unknown.length > 0)
    throw new Unrecoverable(
      `business ${businessId} has no item ${unknown.slice(0, 20).join(", ")}; nothing was changed`,
    );
}

/** Sets those to 0 that aren't among the ones that a full synchronisation brought. @returns how many */
export async function clearOthers(transaction: Transaction, businessId: number, kept: readonly string[]) {
  const db = tables(transaction);
  const present = await db
    .selectFrom("app_inventory")
    .select("sku")
    .where("business_id", "=", businessId)
    .where("quantity", ">", 0)
    .execute();
  const known = new Set(kept);
  const gone = present.map(({ sku }) => sku).filter((sku) => !known.has(sku));
  for (const skus of chunks(gone)) {
    await db
      .updateTable("app_inventory")
      .set({ quantity: 0, updated_at: Date.now() })
      .where("business_id", "=", businessId)
      .where("sku", "in", skus)
      .execute();
  }
  return gone.length;
}

/** Items below their reorder level, the emptiest first. */
export async function lowStock(db: AppDatabase, businessId: number): Promise<readonly InventoryTable[]> {
  return await db
    .selectFrom("app_inventory")
    .selectAll()
    .where("business_id", "=", businessId)
    .whereRef("quantity", "<", "reorder_level")
    .orderBy("quantity")
    .orderBy("sku")
    .limit(100)
    .execute();
}

/** A business's stock in the order of its SKUs, page by page, so that no size of it fills the memory. */
export async function* stockOf(db: AppDatabase, businessId: number): AsyncIterable<readonly InventoryTable[]> {
  for (let last = ""; ; ) {
    const rows = await db
      .selectFrom("app_inventory")
      .selectAll()
      .where("business_id", "=", businessId)
      .where("sku", ">", last)
      .orderBy("sku")
      .limit(CHUNK)
      .execute();
    const end = rows.at(-1);
    if (!end) return;
    yield rows;
    last = end.sku;
  }
}

function toRow(businessId: number, { sku, name, quantity, reorderLevel, priceCents }: StockItem): InventoryTable {
  return {
    business_id: businessId,
    sku,
    name,
    quantity,
    reorder_level: reorderLevel,
    price_cents: priceCents,
    updated_at: Date.now(),
  };
}

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}
