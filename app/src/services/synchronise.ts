import { type Execution, Unrecoverable } from "queuehost/jobs";
import { z } from "zod";
import { tables } from "./database";
import { type businessId, shortText, sku } from "./fields";
import type { Services } from "./index";
import { clearOthers, putStock } from "./inventory";

const amount = z.int().min(0).max(999_999_999);
/** What another system answers: its items, all or those changed since `?since=`. */
const answer = z.object({
  items: z
    .array(
      z.object({
        sku,
        name: shortText,
        quantity: amount,
        reorderLevel: amount.default(0),
        priceCents: amount.default(0),
      }),
    )
    .max(100_000),
});

export interface Sync {
  readonly businessId: z.output<typeof businessId>;
  readonly system: string;
  readonly address: string;
  readonly syncType: "full" | "incremental";
}

/**
 * Asks another system for its stock and takes it over, all of it or nothing.
 *
 * @throws Unrecoverable where it answers with something else
 */
export async function synchronise(
  services: Services,
  { businessId, system, address, syncType }: Sync,
  once: Execution["once"],
  signal: AbortSignal,
): Promise<{ items: number; cleared: number }> {
  const url = new URL(address);
  url.searchParams.set("businessId", String(businessId));
  const started = Date.now();
  const last = syncType === "full" ? undefined : await lastSync(services, businessId, system);
  if (last !== undefined) url.searchParams.set("since", new Date(last).toISOString());
  const { status, body } = await services.outbound.request(url.href, { method: "GET", signal });
  if (status !== 200) throw new Error(`${system} answered ${status}`);
  const items = parse(system, body);
  return await once(async (transaction) => {
    await putStock(transaction, businessId, items);
    const skus = items.map(({ sku }) => sku);
    const cleared = syncType === "full" ? await clearOthers(transaction, businessId, skus) : 0;
    await tables(transaction)
      .insertInto("app_syncs")
      .values({ business_id: businessId, system, synced_at: started })
      .onConflict((conflict) => conflict.columns(["business_id", "system"]).doUpdateSet({ synced_at: started }))
      .execute();
    return { items: items.length, cleared };
  });
}

async function lastSync({ db }: Services, businessId: number, system: string): Promise<number | undefined> {
  const found = await db
    .selectFrom("app_syncs")
    .select("synced_at")
    .where("business_id", "=", businessId)
    .where("system", "=", system)
    .executeTakeFirst();
  return found?.synced_at;
}

function parse(system: string, body: string): z.output<typeof answer>["items"] {
  try {
    const { items } = answer.parse(JSON.parse(body));
    // Twice the same in one statement is an error of PostgreSQL; the last one counts.
    return [...new Map(items.map((item) => [item.sku, item])).values()];
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).slice(0, 500) : "it is no JSON";
    throw new Unrecoverable(`${system}: the answer is not a list of items (${why})`);
  }
}
