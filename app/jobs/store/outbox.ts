import { sql } from "kysely";
import type { Leases } from "./leases";
import { LET_GO, showFirst } from "./order";
import { chunks, taskOf } from "./rows";
import type { Session } from "./session";
import type { Outgoing, Store } from "./store";

/** Bringing tasks to the queue. */
export function outbox(
  session: Session,
  leases: Leases,
): Pick<Store, "claimOutgoing" | "sent" | "release" | "outgoing" | "runnableHere"> {
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
      const mine = (ids ?? []).flatMap((id) => leases.take(id) ?? []).filter(({ lease }) => lease > Date.now());
      const held = new Set(mine.map(({ task }) => task.id));
      const others = ids?.filter((id) => !held.has(id));
      if (others?.length === 0) return mine;
      const claimed = await session.write(async (transaction) => {
        const now = Date.now();
        const lease = now + leaseMs;
        const claimable = transaction
          .selectFrom("jobs_outbox as o")
          .select("o.task_id")
          // Not as a parameter, so that the index is found.
          .where(sql<boolean>`o.held = 0`)
          .where("o.leased_until", "<=", now)
          .where(LET_GO)
          .$if(others !== undefined, (query) => query.where("o.task_id", "in", others ?? []))
          .orderBy("o.seq")
          .limit(limit)
          .$if(session.kind === "postgres", (query) => query.forUpdate("o").skipLocked());
        const notes = await transaction
          .updateTable("jobs_outbox")
          .set({ leased_until: lease, here: 0 })
          .where("task_id", "in", claimable)
          .returning(["task_id", "again", "order_key"])
          .execute();
        if (notes.length === 0) return [];
        const ordered = notes.filter(({ order_key }) => order_key !== null).map(({ task_id }) => task_id);
        if (ordered.length > 0) {
          await transaction.updateTable("jobs_tasks").set({ released: 1 }).where("id", "in", ordered).execute();
        }
        const again = new Map(notes.map((row) => [row.task_id, row.again === 1]));
        const rows = await transaction
          .selectFrom("jobs_tasks")
          .selectAll()
          .where("id", "in", [...again.keys()])
          .orderBy("seq")
          .execute();
        return rows.map((row) => ({ task: taskOf(row), lease, again: again.get(row.id) ?? false }));
      });
      return [...mine, ...claimed];
    },

    async sent(claimed) {
      await each(claimed, (lease, ids) =>
        session.write(async (transaction) => {
          const gone = await transaction
            .deleteFrom("jobs_outbox")
            .where("leased_until", "=", lease)
            .where("task_id", "in", ids)
            .returning("order_key")
            .execute();
          const keys = gone.map(({ order_key }) => order_key);
          await showFirst(transaction, session.kind, keys);
        }),
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

    async runnableHere(types, limit) {
      const rows = await session.read((db) =>
        db
          .selectFrom("jobs_outbox as o")
          .innerJoin("jobs_tasks as t", "t.id", "o.task_id")
          .selectAll("t")
          .where(sql<boolean>`o.held = 0`)
          .where("o.leased_until", "<=", Date.now())
          .where(LET_GO)
          .where("t.type", "in", types)
          .where("t.run_at", "is", null)
          .orderBy("o.seq")
          .limit(limit)
          .execute(),
      );
      return rows.map((row) => taskOf(row));
    },

    async outgoing(queue) {
      const ofQueue = sql`join jobs_tasks t on t.seq = o.seq where t.queue = ${queue}`;
      const counted = sql<{ count: number }>`select count(*) as count
        from jobs_outbox o ${queue === undefined ? sql`` : ofQueue}`;
      const { rows } = await session.read((db) => counted.execute(db));
      return rows[0]?.count ?? 0;
    },
  };
}
