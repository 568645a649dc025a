import type { Counts, Provider, Recurring } from "../provider/provider";
import type { DeadLetter, Store, TaskStatus, Transaction } from "../store/store";
import type { AnyJob, PayloadOf, Priority, Table } from "../table/types";

export interface EnqueueOptions {
  /** Own id, 1 to 128 letters, digits, `-`, `_` and `.`, not digits alone: the same job enqueued twice is one. Default a new UUID, or what the type's `idFrom` says. */
  readonly id?: string;
  /** Another queue of the table than the type's own. */
  readonly queue?: string;
  readonly priority?: Priority | number;
  /** Not before; more than a minute ago is refused. */
  readonly at?: Date;
  /** Milliseconds from now. */
  readonly delay?: number;
  readonly attempts?: number;
  readonly backoff?: number;
}

/** What became of an enqueueing. */
export interface Enqueued {
  readonly id: string;
  /** queued: the queue has it; stored: it is in the task table and gets to the queue by itself; done: it was run here, now; known: it was there before. */
  readonly outcome: "queued" | "stored" | "done" | "known";
  readonly status: TaskStatus;
}

/** How far a job has come, in the same words for tracked types and others, and for each provider. Times are ISO 8601. */
export interface JobState {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: TaskStatus;
  /** Percent. */
  readonly progress: number;
  readonly message?: string;
  readonly priority: number;
  /** Runs so far, of so many. */
  readonly attempt: number;
  readonly attempts: number;
  readonly runAt?: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly result?: unknown;
  readonly error?: string;
  readonly cancelRequested?: true;
}

export interface JobFilter {
  readonly status?: TaskStatus | readonly TaskStatus[];
  readonly type?: string;
  readonly queue?: string;
  /** 1 to 500. Default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface RecurringInput<Job extends AnyJob = AnyJob> {
  readonly name: string;
  readonly job: Job;
  readonly payload: PayloadOf<Job>;
  /** Five fields, or six with seconds first; or `everyMs`. One that never fires is refused. */
  readonly cron?: string;
  readonly everyMs?: number;
  readonly timeZone?: string;
  readonly queue?: string;
  readonly priority?: Priority | number;
}

export interface QueueHealth {
  readonly healthy: boolean;
  readonly provider: string;
  /** active: jobs go to the queue; fallback: it can't be reached; disabled: QUEUE_ENABLED=false. */
  readonly queue: "active" | "fallback" | "disabled";
  readonly error?: string;
  readonly queues: Readonly<Record<string, Counts>>;
  /** Tasks that have to get to the queue still. */
  readonly outgoing: number;
}

/** What an application does with jobs. Made by `openJobs(table, settings)`. */
export interface Jobs {
  readonly table: Table;
  readonly store: Store;
  /** What keeps the queues; undefined: QUEUE_ENABLED=false. */
  readonly provider: Provider | undefined;
  /** After the first try to reach the queue, whatever came of it. */
  readonly settled: Promise<void>;

  /**
   * Hands a job to the queue. Where it can't be reached, a type with a fallback is run at once, here, and any other waits in the
   * task table.
   *
   * @throws PayloadInvalid, InputInvalid, IdTaken (the id stands for another payload), QueueFull, EncryptionKeyMissing; nothing
   *   is stored then. QueueUnavailable, where a type is neither tracked nor has a fallback. JobFailed, where it was run here, failed,
   *   and isn't tried again.
   */
  enqueue<Job extends AnyJob>(job: Job, payload: PayloadOf<Job>, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * All of them or, where one is wrong, none; the fault's path begins with the index. Where they are run here, one that fails is
   * told by its status.
   */
  enqueueBulk<Job extends AnyJob>(
    job: Job,
    payloads: readonly PayloadOf<Job>[],
    options?: Omit<EnqueueOptions, "id">,
  ): Promise<readonly Enqueued[]>;
  /** Jobs of up to `size` items each. */
  batch<Item, Job extends AnyJob>(
    job: Job,
    items: readonly Item[],
    size: number,
    payload: (items: readonly Item[]) => PayloadOf<Job>,
  ): Promise<readonly Enqueued[]>;
  /** Within the caller's transaction: the job exists if and only if that commits. Gets to the queue right after it. */
  enqueueIn<Job extends AnyJob>(
    transaction: Transaction,
    job: Job,
    payload: PayloadOf<Job>,
    options?: EnqueueOptions,
  ): Promise<Enqueued>;
  schedule<Job extends AnyJob>(
    job: Job,
    at: Date,
    payload: PayloadOf<Job>,
    options?: Omit<EnqueueOptions, "at" | "delay">,
  ): Promise<Enqueued>;

  setRecurring<Job extends AnyJob>(input: RecurringInput<Job>): Promise<Recurring>;
  removeRecurring(name: string): Promise<boolean>;
  recurring(): Promise<readonly Recurring[]>;

  status(id: string): Promise<JobState | undefined>;
  list(filter?: JobFilter): Promise<{ readonly jobs: readonly JobState[]; readonly total: number }>;
  /** Waiting and scheduled jobs are gone at once; a running one is told by its signal. */
  cancel(id: string): Promise<"cancelled" | "requested" | "finished" | "unknown">;
  setPriority(id: string, priority: Priority | number): Promise<boolean>;
  /** Runs a failed or cancelled job again, with all its attempts. Its dead letter, if it has one, is gone then. */
  retry(id: string): Promise<"retried" | "unfinished" | "completed" | "unknown">;
  /** Jobs that run, that wait for their time, and that wait for a worker. */
  inspect(): Promise<{
    readonly active: readonly JobState[];
    readonly scheduled: readonly JobState[];
    readonly reserved: readonly JobState[];
  }>;
  health(): Promise<QueueHealth>;
  /** As in `health`, for one ping. */
  queueState(): Promise<QueueHealth["queue"]>;
  /** All metrics in Prometheus' text format; its content type is `METRICS_TYPE`. */
  metrics(): Promise<string>;
  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;

  deadLetters(filter?: {
    readonly queue?: string;
    readonly type?: string;
    readonly resolved?: boolean;
    readonly limit?: number;
    readonly offset?: number;
  }): Promise<{ readonly letters: readonly DeadLetter[]; readonly total: number }>;
  /** @returns ids of those that were there and run again; all unsettled ones of a queue without `ids`. */
  retryDeadLetters(which: { readonly ids: readonly string[] } | { readonly queue: string }): Promise<readonly string[]>;
  resolveDeadLetter(id: string, note: string): Promise<boolean>;
  purgeDeadLetters(which: { readonly ids: readonly string[] } | { readonly queue: string }): Promise<number>;

  /**
   * Changes of tracked jobs, by whatever process, within about half a second; for pages. What a transaction adds that is open for
   * more than a second is told with its next change. `close` ends it.
   */
  watch(onChange: (job: JobState) => void): { close(): void };

  /** Takes jobs of these queues (default: the settings' or all) until it is stopped. */
  work(queues?: readonly string[]): Working;
  shutdown(): Promise<void>;
}

/** The workers of this process. */
export interface Working {
  /** Resolves, and never rejects, when the process should end to be started anew: its jobs or its memory reached a limit. */
  readonly recycle: Promise<string>;
  /** Resolves, and never rejects, when taking jobs has ended for good, which only a new process mends. */
  readonly failed: Promise<Error>;
  /** Takes no more jobs, finishes the running ones; those that last longer than `ms` go back to the queue. */
  stop(ms: number): Promise<void>;
}
