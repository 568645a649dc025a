import { PRIORITY, type Retention, type Table } from "../table/types";
import type { QueueSettings } from "./provider";

const HOUR_S = 60 * 60;

/** A finished job stays for a day, so that its state can be asked for and a repeated request meets it. */
const KEEP_COMPLETED: Retention = { age: 24 * HOUR_S, count: 10_000 };
/** A failed one stays for a week, so that someone can look at it. */
const KEEP_FAILED: Retention = { age: 7 * 24 * HOUR_S, count: 10_000 };

/** What a provider has to know of each queue of a table, by the queue's name there. */
export function queueSettings(table: Table): ReadonlyMap<string, QueueSettings> {
  const settings = Object.entries(table.queues).map(([name, queue]): [string, QueueSettings] => [
    name,
    {
      name,
      storedAs: queue.storedAs ?? name,
      keepCompleted: queue.keepCompleted ?? KEEP_COMPLETED,
      keepFailed: queue.keepFailed ?? KEEP_FAILED,
      ...(queue.rateLimit && { rateLimit: queue.rateLimit }),
    },
  ]);
  return new Map(settings);
}

/** The one priority that all types of a queue share; undefined where they differ. */
export function sharedPriority(table: Table, queue: string): number | undefined {
  const own = table.queues[queue]?.priority ?? "normal";
  const used = new Set(table.jobs.filter((job) => job.queue === queue).map((job) => job.priority ?? own));
  if (used.size > 1) return undefined;
  const [only = own] = used;
  return PRIORITY[only];
}
