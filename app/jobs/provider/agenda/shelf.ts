import type { Counts, QueuedJob } from "../provider";

export type Status = QueuedJob["status"];

/** What Agenda's `data` holds of a job of ours. */
export interface Data {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  readonly attempts: number;
  readonly backoff: number;
  readonly runAt: number | null;
  readonly createdAt: number;
  /** Its place among jobs of its priority: microseconds since 1970, those of one process all different. */
  readonly order: number;
  /** How often its worker has died. */
  readonly stalled: number;
  readonly result: string | null;
}

/** One of Agenda's jobs, with Agenda's fields. Times are milliseconds since 1970. */
export interface Entry {
  /** `<prefix>:<queue>`. */
  readonly name: string;
  /** Agenda's: larger is sooner. */
  readonly priority: number;
  /** Null: finished. */
  readonly nextRunAt: number | null;
  /** When its worker last said that it is at it; null: nobody is. */
  readonly lockedAt: number | null;
  readonly lastRunAt: number | null;
  readonly lastFinishedAt: number | null;
  /** Set where it has failed for good. */
  readonly failedAt: number | null;
  /** Runs that failed. */
  readonly failCount: number;
  readonly failReason: string | null;
  readonly progress: number;
  /** For people who look at Agenda's jobs: cron or milliseconds. */
  readonly repeatInterval: string | null;
  readonly repeatTimezone: string | null;
  readonly data: Data;
}

export type Patch = Partial<Omit<Entry, "name">>;

/** On which condition an entry is changed: this worker holds it; nobody does and it has yet to run; it has failed for good. */
export type Condition = { readonly heldBy: string } | "pending" | "failed";

export interface Taken {
  readonly entry: Entry;
  /** It was locked by a worker that is gone. */
  readonly expired: boolean;
}

/**
 * Where Agenda keeps its jobs: one of its backends, with the few steps that these don't offer, or not atomically: adding
 * an id once, taking by priority, changing on a condition, counting. All steps are atomic, and throw what the driver throws.
 */
export interface Shelf {
  /** As the log names it. */
  readonly label: "PostgreSQL" | "Redis" | "MongoDB";
  /** Connects, once more after it was lost, and makes what has to be there. */
  connect(): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
  /** Those that are there stay as they are. */
  add(entries: readonly Entry[]): Promise<void>;
  get(name: string, id: string): Promise<Entry | undefined>;
  /** Locks the next one that is due, or whose lock is older than `deadline`, by priority and order. */
  take(name: string, now: number, deadline: number, holder: string): Promise<Taken | undefined>;
  change(name: string, id: string, condition: Condition, patch: Patch): Promise<boolean>;
  delete(name: string, id: string): Promise<"removed" | "active" | "unknown">;
  /** The newest first: of those that wait, the one that is taken last. */
  page(name: string, status: Status, now: number, limit: number, offset: number): Promise<readonly Entry[]>;
  counts(name: string, now: number): Promise<Omit<Counts, "paused">>;
  /** Deletes finished ones: those that ended before, and all but the last so many. */
  trim(name: string, status: "completed" | "failed", before: number, keep: number): Promise<void>;
  /** Tells the workers of all processes that there is something to take. */
  publish(name: string): Promise<void>;
  subscribe(heard: (name: string) => void): void;
}

let lastOrder = 0;
/** A place after all that were given before, at this time. */
export function orderAt(time: number): number {
  lastOrder = Math.max(lastOrder + 1, Date.now() * 1000);
  return time * 1000 + (lastOrder % 1000);
}

/** One that nobody has taken yet. */
export function newEntry(
  name: string,
  job: Pick<Data, "id" | "type"> & Partial<Data>,
  nextRunAt = Date.now(),
  priority = 0,
): Entry {
  const data = { payload: "{}", attempts: 1, backoff: 0, runAt: null, stalled: 0, result: null, ...job };
  return {
    ...{ name, priority, nextRunAt, lockedAt: null, lastRunAt: null, lastFinishedAt: null, failedAt: null },
    ...{ failCount: 0, failReason: null, progress: 0, repeatInterval: null, repeatTimezone: null },
    data: { ...data, createdAt: Date.now(), order: orderAt(nextRunAt) },
  };
}

/** Our 1 (first) to 10 (last) as Agenda's 10 to 1, in which `high` is 10; and back. */
export const toAgendaPriority = (priority: number): number => 11 - priority;

export function statusOf(entry: Entry, now: number): Status {
  if (entry.lockedAt !== null) return "active";
  if (entry.nextRunAt !== null) return entry.nextRunAt > now ? "scheduled" : "waiting";
  return entry.failedAt === null ? "completed" : "failed";
}

export function toQueuedJob(entry: Entry, queue: string, now: number): QueuedJob {
  const { id, type, payload, attempts, backoff, createdAt, result } = entry.data;
  const status = statusOf(entry, now);
  const finished = status === "completed" || status === "failed";
  return {
    ...{ id, queue, type, payload, attempts, backoff, createdAt, result, status },
    priority: toAgendaPriority(entry.priority),
    runAt: status === "scheduled" ? entry.nextRunAt : entry.data.runAt,
    attempt: entry.failCount + (status === "active" || status === "completed" ? 1 : 0),
    progress: entry.progress,
    error: status === "completed" ? null : entry.failReason,
    startedAt: entry.lastRunAt,
    finishedAt: finished ? entry.lastFinishedAt : null,
  };
}
