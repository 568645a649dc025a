import { type RawBuilder, sql } from "kysely";
import type { Leases } from "./leases";
import { showFirst } from "./order";
import type { Session } from "./session";
import type { Store, Transaction } from "./store";

/** The ends of tasks. */
export function ends(
  session: Session,
  leases: Leases,
): Pick<Store, "complete" | "fail" | "cancel" | "cancelled" | "onKeyFree"> {
  const listeners: (() => void)[] = [];
  const end = async (id: string, values: End, transaction?: Transaction) => {
    const ending = transaction
      ? finish(transaction, session.kind, id, values)
      : session.write((open) => finish(open, session.kind, id, values));
    // Whether that is told or not, nothing runs here any more.
    const ended = await ending.finally(() => leases.letGo(id));
    if (ended) tell(ended);
    return ended !== undefined;
  };
  const tell = ({ order_key }: { order_key: string | null }) => {
    if (order_key !== null) for (const listener of listeners) listener();
  };

  return {
    complete: (id, result, transaction) =>
      end(id, { status: "completed", progress: 100, result, error: null }, transaction),
    fail: (id, error) => end(id, { status: "failed", error }),
    cancelled: (id) => end(id, { status: "cancelled" }),

    async cancel(id) {
      const now = Date.now();
      const { row, known } = await session.write(async (t) => {
        const row = await t
          .updateTable("jobs_tasks")
          .set((eb) => ({
            status: eb.case().when("status", "=", "active").then("active").else("cancelled").end(),
            finished_at: eb.case().when("status", "=", "active").then(null).else(now).end(),
            cancel_requested: 1,
            updated_at: now,
          }))
          .where("id", "=", id)
          .where("finished_at", "is", null)
          .returning(["status", "order_key"])
          .executeTakeFirst();
        if (row?.status === "cancelled") await forget(t, session.kind, id);
        const known = row ?? (await t.selectFrom("jobs_tasks").select("id").where("id", "=", id).executeTakeFirst());
        return { row, known };
      });
      if (!known) return "unknown";
      if (!row) return "finished";
      if (row.status === "active") return "requested";
      tell(row);
      return "cancelled";
    },

    onKeyFree: (listener) => void listeners.push(listener),
  };
}

interface End {
  readonly status: "completed" | "failed" | "cancelled";
  readonly progress?: number;
  readonly result?: string | null;
  readonly error?: string | null;
}

/** The one way to a task's end, and only the first one gets there. */
async function finish(transaction: Transaction, kind: Session["kind"], id: string, values: End) {
  const now = Date.now();
  const ended = await transaction
    .updateTable("jobs_tasks")
    .set({ ...values, finished_at: now, updated_at: now })
    .where("id", "=", id)
    .where("finished_at", "is", null)
    .returning("order_key")
    .executeTakeFirst();
  if (ended) await forget(transaction, kind, id);
  return ended;
}

/** Its cancelling was asked for while it ran, and its worker died or gave it back. */
export async function endIfWanted(transaction: Transaction, kind: Session["kind"], id: string): Promise<boolean> {
  const row = await transaction
    .selectFrom("jobs_tasks")
    .select("id")
    .where("id", "=", id)
    .where("cancel_requested", "=", 1)
    .where("finished_at", "is", null)
    .executeTakeFirst();
  return row !== undefined && (await finish(transaction, kind, id, { status: "cancelled" })) !== undefined;
}

/** It needn't get to the queue any more. @param where only if its row is such */
export async function forget(
  transaction: Transaction,
  kind: Session["kind"],
  id: string,
  where: RawBuilder<boolean> = sql`true`,
): Promise<void> {
  const gone = await transaction
    .deleteFrom("jobs_outbox")
    .where("task_id", "=", id)
    .where(where)
    .returning("order_key")
    .executeTakeFirst();
  if (gone) await showFirst(transaction, kind, [gone.order_key]);
}
