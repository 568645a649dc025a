import type { Job, JobState, JobsOptions } from "bullmq";
import { PRIORITY } from "../../table/types";
import type { NewJob, QueuedJob, QueueSettings } from "../provider";

/** BullMQ's names for each of ours. What it calls prioritized or waiting-children is all the same to us: it waits. */
export const STATES = {
  scheduled: ["delayed"],
  waiting: ["waiting", "prioritized", "waiting-children"],
  active: ["active"],
  completed: ["completed"],
  failed: ["failed"],
} as const satisfies Record<QueuedJob["status"], readonly string[]>;

/**
 * Where a job stands in its queue. BullMQ takes all jobs without a priority before any that has one, and its set of
 * prioritised jobs costs a tenth of the rate. So where all types of a queue share one priority (`shared`), their jobs go into the plain
 * list; one that is less urgent gets a priority, which puts it behind all of them, and one that is more urgent goes to the
 * front of the list. Where the types differ, every job has a priority: a plain one would overtake the urgent ones.
 */
export function placement(priority: number, shared: number | undefined): { priority: number; lifo?: boolean } {
  if (shared === undefined || priority > shared) return { priority };
  return priority === shared ? { priority: 0 } : { priority: 0, lifo: true };
}

/** Options that all jobs of a queue are stored with. */
export function retention({ keepCompleted, keepFailed }: QueueSettings): JobsOptions {
  return { removeOnComplete: { ...keepCompleted }, removeOnFail: { ...keepFailed } };
}

/** BullMQ's form of a job; times in milliseconds since 1970. */
export function toBullmq(job: NewJob, queue: QueueSettings, shared: number | undefined, now = Date.now()) {
  const { priority, lifo } = placement(job.priority, shared);
  const opts: JobsOptions = {
    ...retention(queue),
    jobId: job.id,
    attempts: job.attempts,
    backoff: { type: "exponential", delay: job.backoff },
  };
  if (priority > 0) opts.priority = priority;
  if (lifo) opts.lifo = true;
  if (job.runAt !== null && job.runAt > now) Object.assign(opts, { timestamp: now, delay: job.runAt - now });
  return { name: job.type, data: JSON.parse(job.payload) as unknown, opts };
}

/** Our form of a job that BullMQ has. */
export function fromBullmq(job: Job, queue: string, state: JobState, shared: number | undefined): QueuedJob {
  const status = statusOf(state);
  const { backoff, attempts = 1, lifo } = job.opts;
  return {
    id: job.id ?? "",
    queue,
    type: job.name,
    payload: JSON.stringify(job.data),
    priority: job.priority || (lifo ? PRIORITY.high : (shared ?? PRIORITY.normal)),
    attempts: attempts || 1,
    backoff: (typeof backoff === "object" ? backoff.delay : backoff) ?? 0,
    runAt: status === "scheduled" ? dueAt(job) : null,
    status,
    attempt: job.attemptsMade + (status === "active" ? 1 : 0),
    progress: typeof job.progress === "number" ? job.progress : 0,
    // A completed job keeps what an earlier run failed of.
    error: status === "completed" ? null : job.failedReason || null,
    result: job.returnvalue === null || job.returnvalue === undefined ? null : JSON.stringify(job.returnvalue),
    createdAt: job.timestamp,
    startedAt: job.processedOn ?? null,
    finishedAt: job.finishedOn ?? null,
  };
}

function statusOf(state: JobState): QueuedJob["status"] {
  if (state === "delayed") return "scheduled";
  return state === "active" || state === "completed" || state === "failed" ? state : "waiting";
}

/** After a failed run the delay counts from its end, which BullMQ doesn't note: from its start then. */
function dueAt(job: Job): number {
  return (job.attemptsMade > 0 ? (job.processedOn ?? job.timestamp) : job.timestamp) + job.delay;
}
