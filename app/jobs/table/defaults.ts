import { type AnyJob, PRIORITY, type Priority, type Table } from "./types";

/** Jobs of a queue that may wait. */
export const MAX_WAITING = 100_000;
/** Bytes of a payload as JSON. */
export const MAX_BYTES = 64 * 1024;

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
