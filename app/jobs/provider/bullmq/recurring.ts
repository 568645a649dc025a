import type { JobSchedulerJson, Queue } from "bullmq";
import { PRIORITY } from "../../table/types";
import type { QueueSettings, Recurring } from "../provider";
import { placement, retention } from "./jobs";

/** Sets a job scheduler: the next job is in the queue at once, delayed; each job that begins adds the one after it. */
export async function setScheduler(
  queue: Queue,
  recurring: Recurring,
  settings: QueueSettings,
  shared: number | undefined,
): Promise<void> {
  const { priority, lifo } = placement(recurring.priority, shared);
  await queue.upsertJobScheduler(
    recurring.name,
    recurring.cron === undefined
      ? { every: recurring.everyMs ?? 0 }
      : { pattern: recurring.cron, tz: recurring.timeZone ?? "UTC" },
    {
      name: recurring.type,
      data: JSON.parse(recurring.payload),
      opts: {
        ...retention(settings),
        attempts: recurring.attempts,
        backoff: { type: "exponential", delay: recurring.backoff },
        ...(priority > 0 && { priority }),
        ...(lifo && { lifo }),
      },
    },
  );
}

/** Our form of a job scheduler. */
export function fromScheduler(scheduler: JobSchedulerJson, queue: string, shared: number | undefined): Recurring {
  const { attempts = 1, backoff, priority, lifo } = scheduler.template?.opts ?? {};
  return {
    name: scheduler.key,
    queue,
    type: scheduler.name,
    payload: JSON.stringify(scheduler.template?.data ?? {}),
    ...(scheduler.pattern !== undefined && { cron: scheduler.pattern, timeZone: scheduler.tz ?? "UTC" }),
    ...(scheduler.every !== undefined && { everyMs: Number(scheduler.every) }),
    priority: priority || (lifo ? PRIORITY.high : (shared ?? PRIORITY.normal)),
    attempts,
    backoff: (typeof backoff === "object" ? backoff.delay : backoff) ?? 0,
    nextAt: scheduler.next ?? null,
  };
}
