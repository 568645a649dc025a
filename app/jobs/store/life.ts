import { sql } from "kysely";
import { endIfWanted, forget } from "./ends";
import type { Leases } from "./leases";
import { LET_GO, showFirst } from "./order";
import { inTransaction, type Session } from "./session";
import type { Store, Transaction } from "./store";

/** What happens to a task between its adding and its end (see ends.ts), and after it where it is opened again. */
export function life(
  session: Session,
  leases: Leases,
): Pick<Store, "start" | "startHere" | "progress" | "again" | "cancelRequested" | "setPriority" | "reopen"> {
  const write = <T>(work: (transaction: Transaction) => Promise<T>, transaction?: Transaction) =>
    transaction ? work(transaction) : session.write(work);

  return {
    async start(id, attempt) {
      return await write(async (t) => {
        // The outbox first, as in startHere: of the two, at the same time, one waits for the other.
        await forget(t, session.kind, id, notHere(Date.now()));
        if (await isOutgoing(t, id)) return false;
        if (await setActive(t, id, { attempt, here: 0 })) return true;
        if (await endIfWanted(t, session.kind, id)) return false;
        return await revive(t, id, attempt);
      });
    },

    async startHere(id) {
      const mine = leases.take(id)?.lease ?? 0;
      const lease = leases.hold(id);
      const started = await write(async (t) => {
        const note = await t
          .updateTable("jobs_outbox as o")
          .set({ leased_until: lease, here: 1 })
          .where("o.task_id", "=", id)
          .where((eb) => eb.or([eb("o.leased_until", "<=", Date.now()), eb("o.leased_until", "=", mine)]))
          .where(LET_GO)
          .executeTakeFirst();
        return note.numUpdatedRows > 0n && (await setActive(t, id, { attempt: sql<number>`attempt + 1`, here: 1 }));
      }).catch((error: unknown) => {
        // It may have been written all the same: the task goes to the queue when its lease ends.
        leases.letGo(id);
        throw error;
      });
      if (!started) leases.letGo(id);
      return started;
    },

    async progress(id, percent, message) {
      if (inTransaction()) return;
      await session.statement((db) =>
        db
          .updateTable("jobs_tasks")
          .set({ progress: percent, message, updated_at: Date.now() })
          .where("id", "=", id)
          .where("status", "=", "active")
          .execute(),
      );
    },

    async again(id, error, runAt) {
      const noted = write(async (t) => {
        if (await endIfWanted(t, session.kind, id)) return false;
        const now = Date.now();
        const { numUpdatedRows } = await t
          .updateTable("jobs_tasks")
          .set({
            status: runAt !== null && runAt > now ? "scheduled" : "waiting",
            run_at: runAt,
            error,
            progress: 0,
            message: null,
            updated_at: now,
          })
          .where("id", "=", id)
          .where("status", "=", "active")
          .executeTakeFirst();
        // It ran here, while the queue was away: its next attempt is the queue's.
        await t.updateTable("jobs_outbox").set({ leased_until: 0, here: 0 }).where("task_id", "=", id).execute();
        return numUpdatedRows > 0n;
      });
      return await noted.finally(() => leases.letGo(id));
    },

    async cancelRequested(ids) {
      if (ids.length === 0) return [];
      const rows = await session.read((db) =>
        db.selectFrom("jobs_tasks").select("id").where("id", "in", ids).where("cancel_requested", "=", 1).execute(),
      );
      return rows.map(({ id }) => id);
    },

    async setPriority(id, priority) {
      const { numUpdatedRows } = await session.statement((db) =>
        db
          .updateTable("jobs_tasks")
          .set({ priority, updated_at: Date.now() })
          .where("id", "=", id)
          .where("status", "in", ["scheduled", "waiting"])
          .executeTakeFirst(),
      );
      return numUpdatedRows > 0n;
    },

    async reopen(id, transaction) {
      return await write(async (t) => {
        const row = await t
          .updateTable("jobs_tasks")
          .set({
            status: "waiting",
            progress: 0,
            message: null,
            attempt: 0,
            released: 0,
            run_at: null,
            started_at: null,
            finished_at: null,
            result: null,
            error: null,
            cancel_requested: 0,
            updated_at: Date.now(),
          })
          .where("id", "=", id)
          .where("status", "in", ["failed", "cancelled"])
          .returning(["seq", "order_key"])
          .executeTakeFirst();
        if (!row) return false;
        await t
          .insertInto("jobs_outbox")
          .values({ task_id: id, ...row, held: row.order_key === null ? 0 : 1, again: 1 })
          .onConflict((conflict) => conflict.column("task_id").doUpdateSet({ again: 1, leased_until: 0, here: 0 }))
          .execute();
        await showFirst(t, session.kind, [row.order_key]);
        return true;
      }, transaction);
    },
  };
}

const notHere = (now: number) => sql<boolean>`(here = 0 or leased_until <= ${now})`;

async function isOutgoing(transaction: Transaction, id: string): Promise<boolean> {
  const row = await transaction
    .selectFrom("jobs_outbox")
    .select("task_id")
    .where("task_id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

async function setActive(
  transaction: Transaction,
  id: string,
  run: { attempt: number | ReturnType<typeof sql<number>>; here: 0 | 1 },
) {
  const now = Date.now();
  const { numUpdatedRows } = await transaction
    .updateTable("jobs_tasks")
    .set({
      status: "active",
      ...run,
      released: sql`case when order_key is null then 0 else 1 end`,
      started_at: now,
      updated_at: now,
    })
    .where("id", "=", id)
    .where("finished_at", "is", null)
    .where("cancel_requested", "=", 0)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** It failed, and somebody had the queue run it again without asking us: its letter goes as well. */
async function revive(transaction: Transaction, id: string, attempt: number): Promise<boolean> {
  const now = Date.now();
  const { numUpdatedRows } = await transaction
    .updateTable("jobs_tasks as o")
    .set({
      status: "active",
      attempt,
      released: sql`case when order_key is null then 0 else 1 end`,
      progress: 0,
      message: null,
      error: null,
      cancel_requested: 0,
      started_at: now,
      finished_at: null,
      updated_at: now,
    })
    .where("o.id", "=", id)
    .where("o.status", "=", "failed")
    // Otherwise the queue has it only because its adding timed out.
    .where("o.here", "=", 0)
    .where(LET_GO)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await transaction.deleteFrom("jobs_dead_letters").where("id", "=", id).execute();
  return true;
}
