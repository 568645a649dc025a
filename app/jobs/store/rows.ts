import type { ExpressionBuilder, Selectable } from "kysely";
import type { Database, TaskTable } from "./schema";
import type { Task, TaskStatus } from "./store";

/** Rows of one statement: the databases limit its parameters. */
export const CHUNK = 500;

export function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK);
}

/** A scheduled task whose time has come waits, though its row is left as it is until it is started. */
export function taskOf(row: Selectable<TaskTable>, now = Date.now()): Task {
  const due = row.status === "scheduled" && row.run_at !== null && row.run_at <= now;
  return {
    id: row.id,
    type: row.type,
    queue: row.queue,
    status: due ? "waiting" : (row.status as TaskStatus),
    progress: row.progress,
    message: row.message,
    payload: row.payload,
    digest: row.digest,
    priority: row.priority,
    attempts: row.attempts,
    backoff: row.backoff,
    attempt: row.attempt,
    orderKey: row.order_key,
    runAt: row.run_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    result: row.result,
    error: row.error,
    cancelRequested: row.cancel_requested === 1,
  };
}

/** Has this status, as `taskOf` says it. */
export function hasStatus(eb: ExpressionBuilder<Database, "jobs_tasks">, status: TaskStatus, now = Date.now()) {
  if (status === "waiting") {
    return eb.or([eb("status", "=", status), eb.and([eb("status", "=", "scheduled"), eb("run_at", "<=", now)])]);
  }
  if (status === "scheduled") return eb.and([eb("status", "=", status), eb("run_at", ">", now)]);
  return eb("status", "=", status);
}
