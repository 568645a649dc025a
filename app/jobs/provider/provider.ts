import type { Queue } from "bullmq";
import type { TaskStatus } from "../store/store";
import type { Retention } from "../table/types";

/** A job as it goes into a queue. */
export interface NewJob {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  /** JSON: version and data. */
  readonly payload: string;
  /** 1 is taken first; 10 last. */
  readonly priority: number;
  readonly attempts: number;
  /** Milliseconds before the second run; doubles with each. */
  readonly backoff: number;
  /** Milliseconds since 1970, or null: at once. */
  readonly runAt: number | null;
}

/** A job in a queue. */
export interface QueuedJob extends NewJob {
  readonly status: Exclude<TaskStatus, "cancelled">;
  /** Runs so far. */
  readonly attempt: number;
  readonly progress: number;
  readonly error: string | null;
  /** JSON. */
  readonly result: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export type Counts = Readonly<Record<"scheduled" | "waiting" | "active" | "completed" | "failed", number>> & {
  readonly paused: boolean;
};

/** A job that is made again and again, by one of any number of processes. */
export interface Recurring {
  /** Its name; setting it again replaces it. */
  readonly name: string;
  readonly queue: string;
  readonly type: string;
  readonly payload: string;
  /** Five or six fields; or `everyMs`. */
  readonly cron?: string;
  readonly everyMs?: number;
  /** IANA name. Default UTC. */
  readonly timeZone?: string;
  readonly priority: number;
  readonly attempts: number;
  readonly backoff: number;
  /** Given by the provider: when it comes next. */
  readonly nextAt?: number | null;
}

export interface QueueSettings {
  readonly name: string;
  readonly storedAs: string;
  readonly keepCompleted: Retention;
  readonly keepFailed: Retention;
  readonly rateLimit?: { readonly max: number; readonly perMs: number };
}

/** A job that a worker of this process holds. */
export interface TakenJob {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly payload: string;
  /** 1 for the first run. */
  readonly attempt: number;
  readonly attempts: number;
  /** Milliseconds before the second run; doubles with each. */
  readonly backoff: number;
  readonly priority: number;
  /** When it was to run for the first time; milliseconds since 1970. */
  readonly dueAt: number;
  /** Since when it could have been taken, where that is known; milliseconds since 1970. */
  readonly readyAt: number | null;
  /** Aborts with an `Aborted("worker stops")` when the worker has to end. */
  readonly signal: AbortSignal;
  progress(percent: number): Promise<void>;
}

/** A job that no worker will run any more. */
export type GivenUpJob = Pick<TakenJob, "id" | "queue" | "type" | "payload" | "attempt">;

/** How a run ended. */
export type Outcome =
  | { readonly kind: "completed"; readonly result: string | null }
  /** Tried again while attempts are left, unless `final`. */
  | { readonly kind: "failed"; readonly error: string; readonly final: boolean }
  /** Goes back to the queue, to be taken at once or after some time, and doesn't count as an attempt. */
  | { readonly kind: "handed back"; readonly afterMs?: number };

export interface WorkOptions {
  /** Runs at the same time, over all queues. */
  readonly concurrency: number;
}

/** Events of the workers of this process. */
export interface WorkEvents {
  ready?(): void;
  /** The server (such as `Redis`) can't be reached, and the worker has never been ready; said once. */
  away?(server: string): void;
  /** A job of a worker that died runs again. */
  stalled?(id: string, queue: string): void;
  /** The provider gave a job up without a run that said so (its workers died too often). */
  gaveUp?(job: GivenUpJob, error: string): void;
  error?(error: Error): void;
  /** The loop has ended for good: only a new process helps. */
  fatal?(error: Error): void;
}

/** What takes jobs until it is stopped, through any absence of the provider's server. */
export interface ProviderWorker {
  /** Takes no more jobs and waits for the running ones; their signals abort after `ms`. */
  stop(ms: number): Promise<void>;
}

/** The provider's server can't be reached now. For an `add` the outcome is unknown: the job may be stored all the same. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

/**
 * What keeps queues: BullMQ or Agenda. All methods but `work` reject with QueueUnavailable, fast (2 s at most), while its
 * server is away, and come back to work by themselves when it is there again. Both pass one suite of tests.
 */
export interface Provider {
  readonly name: "bullmq" | "agenda";
  /** Resolves with the outcome of the first try to connect, and never rejects. */
  readonly settled: Promise<void>;
  answers(): Promise<boolean>;
  /** BullMQ's own queues, for Bull Board, by their names in the table; empty while Redis is away. Agenda has none. */
  queues?(): Promise<ReadonlyMap<string, Queue>>;
  /** Stores jobs; one that is there under its id, in its queue, stays as it is. */
  add(jobs: readonly NewJob[]): Promise<void>;
  find(queue: string, id: string): Promise<QueuedJob | undefined>;
  list(
    queue: string,
    statuses: readonly QueuedJob["status"][],
    limit: number,
    offset: number,
  ): Promise<readonly QueuedJob[]>;
  counts(queue: string): Promise<Counts>;
  /** Takes a job out, unless it is active, or a recurring one's next, which goes with that. */
  remove(queue: string, id: string): Promise<"removed" | "active" | "recurring" | "unknown">;
  /** Of a job that waits. */
  setPriority(queue: string, id: string, priority: number): Promise<boolean>;
  /** failed -> waiting, with all its attempts. */
  retry(queue: string, id: string): Promise<boolean>;
  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;
  setRecurring(recurring: Recurring): Promise<void>;
  removeRecurring(queue: string, name: string): Promise<boolean>;
  recurring(): Promise<readonly Recurring[]>;
  /** One worker for these queues, in order: a job of a later one is taken only when none waits in an earlier one. */
  work(
    queues: readonly string[],
    run: (job: TakenJob) => Promise<Outcome>,
    options: WorkOptions,
    events: WorkEvents,
  ): ProviderWorker;
  close(): Promise<void>;
}
