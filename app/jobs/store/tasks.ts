import type { Insertable, Kysely } from "kysely";
import { LEASE, type Leases } from "./leases";
import { lockOrderKeys, showFirst } from "./order";
import { chunks, hasStatus, taskOf } from "./rows";
import type { Database, TaskTable } from "./schema";
import type { Session } from "./session";
import type { NewTask, Store, Task, TaskFilter, TaskStatus, Transaction } from "./store";

const PAGE = 50;
const LONGEST_PAGE = 500;

/** Adding tasks and looking at them. */
export function tasks(
  session: Session,
  leases: Leases,
): Pick<Store, "insert" | "insertMany" | "adopt" | "find" | "list" | "changedSince" | "counts"> {
  /** Whoever adds tasks in a transaction of its own brings them to the queue next: nobody else needs to try. */
  const addAll = async (all: readonly NewTask[]) => {
    const lease = Date.now() + LEASE;
    const added = await session.write((transaction) => add(transaction, session.kind, all, lease));
    leases.added(added, lease, ownIds(all));
    return added;
  };

  return {
    async insert(task, transaction) {
      const [added] = await (transaction ? add(transaction, session.kind, [task]) : addAll([task]));
      if (added) return { task: added, isNew: true };
      const look = (db: Kysely<Database>) =>
        db.selectFrom("jobs_tasks").selectAll().where("id", "=", task.id).executeTakeFirstOrThrow();
      return { task: taskOf(await (transaction ? look(transaction) : session.read(look))), isNew: false };
    },

    async insertMany(all, transaction) {
      return (await (transaction ? add(transaction, session.kind, all) : addAll(all))).length;
    },

    async adopt(task) {
      await session.statement((db) =>
        db
          .insertInto("jobs_tasks")
          .values(rowOf(task))
          .onConflict((conflict) => conflict.column("id").doNothing())
          .execute(),
      );
    },

    async find(id) {
      const row = await session.read((db) =>
        db.selectFrom("jobs_tasks").selectAll().where("id", "=", id).executeTakeFirst(),
      );
      return row && taskOf(row);
    },

    async list(filter) {
      const { rows, total } = await session.read(async (db) => {
        const matching = db.selectFrom("jobs_tasks").where((eb) => eb.and(conditions(filter)(eb)));
        const rows = await matching
          .selectAll()
          .orderBy("seq", "desc")
          .limit(Math.min(filter.limit ?? PAGE, LONGEST_PAGE))
          .offset(filter.offset ?? 0)
          .execute();
        const { total } = await matching.select((eb) => eb.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
        return { rows, total };
      });
      return { tasks: rows.map((row) => taskOf(row)), total };
    },

    async changedSince(time, limit = LONGEST_PAGE) {
      const rows = await session.read((db) =>
        db
          .selectFrom("jobs_tasks")
          .selectAll()
          .where("updated_at", ">=", time)
          .orderBy("updated_at")
          .orderBy("seq")
          .limit(limit)
          .execute(),
      );
      return rows.map((row) => ({ task: taskOf(row), changedAt: row.updated_at }));
    },

    async counts() {
      const now = Date.now();
      const rows = await session.read((db) =>
        db
          .selectFrom("jobs_tasks")
          .select((eb) => [
            "status",
            eb.fn.countAll<number>().as("count"),
            eb.fn.sum<number>(eb.case().when("run_at", "<=", now).then(1).else(0).end()).as("due"),
          ])
          .groupBy("status")
          .execute(),
      );
      const counts: Record<TaskStatus, number> = {
        scheduled: 0,
        waiting: 0,
        active: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
      };
      for (const { status, count, due } of rows) {
        const waiting = status === "scheduled" ? Number(due) : 0;
        counts.waiting += waiting;
        counts[status as TaskStatus] += count - waiting;
      }
      return counts;
    },
  };
}

/** @returns those that weren't there */
async function add(
  transaction: Transaction,
  kind: Session["kind"],
  all: readonly NewTask[],
  lease = 0,
): Promise<Task[]> {
  const tasks: Task[] = [];
  const again = ownIds(all);
  await lockOrderKeys(
    transaction,
    kind,
    all.map(({ orderKey }) => orderKey),
  );
  for (const some of chunks(all)) {
    const rows = await transaction
      .insertInto("jobs_tasks")
      .values(some.map((task) => rowOf(task)))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returningAll()
      .execute();
    if (rows.length === 0) continue;
    await transaction
      .insertInto("jobs_outbox")
      .values(
        rows.map(({ id, seq, order_key }) => ({
          task_id: id,
          seq,
          order_key,
          // Whether its key lets it go is to be seen.
          leased_until: order_key === null ? lease : 0,
          held: order_key === null ? 0 : 1,
          again: again.has(id) ? 1 : 0,
        })),
      )
      .execute();
    await showFirst(
      transaction,
      kind,
      rows.map(({ order_key }) => order_key),
    );
    tasks.push(...rows.map((row) => taskOf(row)));
  }
  return tasks;
}

function ownIds(all: readonly NewTask[]): ReadonlySet<string> {
  return new Set(all.filter(({ ownId }) => ownId).map(({ id }) => id));
}

function rowOf(task: NewTask): Insertable<TaskTable> {
  const now = Date.now();
  return {
    id: task.id,
    type: task.type,
    queue: task.queue,
    status: task.runAt !== null && task.runAt > now ? "scheduled" : "waiting",
    payload: task.payload,
    digest: task.digest,
    priority: task.priority,
    attempts: task.attempts,
    backoff: task.backoff,
    order_key: task.orderKey,
    run_at: task.runAt,
    created_at: now,
    updated_at: now,
  };
}

function conditions({ status, type, queue }: TaskFilter) {
  return (eb: Parameters<typeof hasStatus>[0]) => [
    ...(status === undefined ? [] : [eb.or(status.map((each) => hasStatus(eb, each)))]),
    ...(type === undefined ? [] : [eb("type", "=", type)]),
    ...(queue === undefined ? [] : [eb("queue", "=", queue)]),
  ];
}
