import { taskOf } from "./rows";
import type { Session } from "./session";
import type { Store } from "./store";

/** Rows that are looked at in one go. */
const AT_ONCE = 500;

/** Finding what the queue has lost. */
export function comparing(session: Session): Pick<Store, "inQueueSince" | "lost"> {
  return {
    async inQueueSince(time, after) {
      const rows = await session.read((db) =>
        db
          .selectFrom("jobs_tasks as t")
          .leftJoin("jobs_outbox as o", "o.task_id", "t.id")
          .selectAll("t")
          .select("o.task_id")
          .where("t.finished_at", "is", null)
          .where("t.seq", ">", after)
          .orderBy("t.seq")
          .limit(AT_ONCE)
          .execute(),
      );
      const old = rows.filter((row) => row.task_id === null && Math.max(row.updated_at, row.run_at ?? 0) < time);
      return { tasks: old.map((row) => taskOf(row)), next: rows.length < AT_ONCE ? 0 : (rows.at(-1)?.seq ?? 0) };
    },

    async lost(id) {
      return await session.write(async (t) => {
        const { numInsertedOrUpdatedRows } = await t
          .insertInto("jobs_outbox")
          .columns(["task_id", "seq", "order_key", "again"])
          .expression((eb) =>
            eb
              .selectFrom("jobs_tasks")
              .select(["id", "seq", "order_key", eb.lit(1).as("again")])
              .where("id", "=", id)
              .where("finished_at", "is", null),
          )
          .onConflict((conflict) => conflict.column("task_id").doNothing())
          .executeTakeFirst();
        return (numInsertedOrUpdatedRows ?? 0n) > 0n;
      });
    },
  };
}
