import { sql } from "kysely";
import { LET_GO } from "./order";
import { chunks, taskOf } from "./rows";
import type { Session } from "./session";
import type { Outgoing, Store } from "./store";

/** Bringing tasks to the queue. */
export function outbox(session: Session): Pick<Store, "claimOutgoing" | "sent" | "release" | "outgoing"> {
  /** By the leases that they were claimed with: of a task that was opened again meanwhile, the row is another one. */
  const each = async (
    claimed: readonly Outgoing[],
    work: (lease: number, ids: readonly string[]) => Promise<unknown>,
  ) => {
    for (const [lease, group] of Map.groupBy(claimed, (one) => one.lease)) {
      for (const some of chunks(group))
        await work(
          lease,
          some.map(({ task }) => task.id),
        );
    }
  };

  return {
    async claimOutgoing(limit, leaseMs, ids) {
      if (ids?.length === 0) return [];
      return await session.write(async (transaction) => {
        const now = Date.now();
        const lease = now + leaseMs;
        const claimable = transaction
          .selectFrom("jobs_outbox as o")
          .select("o.task_id")
          .where("o.leased_until", "<=", now)
          .where(LET_GO)
          .$if(ids !== undefined, (query) => query.where("o.task_id", "in", ids ?? []))
          .orderBy("o.seq")
          .limit(limit)
          .$if(session.kind === "postgres", (query) => query.forUpdate("o").skipLocked());
        const claimed = await transaction
          .updateTable("jobs_outbox")
          .set({ leased_until: lease })
          .where("task_id", "in", claimable)
          .returning(["task_id", "again", "order_key"])
          .execute();
        if (claimed.length === 0) return [];
        const ordered = claimed.filter(({ order_key }) => order_key !== null).map(({ task_id }) => task_id);
        if (ordered.length > 0) {
          await transaction.updateTable("jobs_tasks").set({ released: 1 }).where("id", "in", ordered).execute();
        }
        const again = new Map(claimed.map((row) => [row.task_id, row.again === 1]));
        const rows = await transaction
          .selectFrom("jobs_tasks")
          .selectAll()
          .where("id", "in", [...again.keys()])
          .orderBy("seq")
          .execute();
        return rows.map((row) => ({ task: taskOf(row), lease, again: again.get(row.id) ?? false }));
      });
    },

    async sent(claimed) {
      await each(claimed, (lease, ids) =>
        session.statement((db) =>
          db.deleteFrom("jobs_outbox").where("leased_until", "=", lease).where("task_id", "in", ids).execute(),
        ),
      );
    },

    async release(claimed) {
      await each(claimed, (lease, ids) =>
        session.statement((db) =>
          db
            .updateTable("jobs_outbox")
            .set({ leased_until: 0 })
            .where("leased_until", "=", lease)
            .where("task_id", "in", ids)
            .execute(),
        ),
      );
    },

    async outgoing() {
      const { rows } = await session.read((db) =>
        sql<{ count: number }>`select count(*) as count from jobs_outbox`.execute(db),
      );
      return rows[0]?.count ?? 0;
    },
  };
}
