import type { QueueSettings } from "../provider/provider";
import { type AnyJob, PRIORITY, type Priority, type QueueDefinition, type Retention, type Table } from "./types";

const DAY_S = 24 * 60 * 60;
const KEEP_COMPLETED: Retention = { age: DAY_S, count: 10_000 };
const KEEP_FAILED: Retention = { age: 7 * DAY_S, count: 10_000 };

/** Jobs of a queue that may wait. */
export const MAX_WAITING = 100_000;
/** Bytes of a payload as JSON. */
export const MAX_BYTES = 64 * 1024;

/** A queue of the table, as a provider has to know it. */
export function queueSettings(name: string, queue: QueueDefinition): QueueSettings {
  return {
    name,
    storedAs: queue.storedAs ?? name,
    keepCompleted: queue.keepCompleted ?? KEEP_COMPLETED,
    keepFailed: queue.keepFailed ?? KEEP_FAILED,
    ...(queue.rateLimit && { rateLimit: queue.rateLimit }),
  };
}

/** All queues of the table. */
export function allQueueSettings(table: Table): readonly QueueSettings[] {
  return Object.entries(table.queues).map(([name, queue]) => queueSettings(name, queue));
}

/** What the lines of a queue's log begin with. */
export function labelOf(table: Table, queue: string): string {
  return table.queues[queue]?.label ?? queue;
}

/** 1 to 10: what the caller asks for, else what the type says, else what its queue says, else normal. */
export function priorityOf(table: Table, job: AnyJob, queue: string, asked?: Priority | number): number {
  if (typeof asked === "number") return asked;
  return PRIORITY[asked ?? job.priority ?? table.queues[queue]?.priority ?? "normal"];
}

export function findJob(table: Table, name: string): AnyJob | undefined {
  return table.jobs.find((job) => job.name === name);
}
