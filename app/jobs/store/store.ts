import type { Kysely, Transaction as KyselyTransaction } from "kysely";
import type { Database } from "./schema";

/** An open transaction of the task database. */
export type Transaction = KyselyTransaction<Database>;

export type TaskStatus = "scheduled" | "waiting" | "active" | "completed" | "failed" | "cancelled";
export const FINISHED: readonly TaskStatus[] = ["completed", "failed", "cancelled"];

/** A job as the task table has it, the source of truth for jobs of tracked types. Times are milliseconds since 1970. */
export interface Task {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: TaskStatus;
  /** Percent. */
  readonly progress: number;
  readonly message: string | null;
  /** The envelope, as it is stored in the queue: version and data, encrypted fields as they are there. */
  readonly payload: string;
  /** 16 hex digits over type and payload before encryption: tells a repeated request from another one under the same id. */
  readonly digest: string;
  readonly priority: number;
  readonly attempts: number;
  /** Milliseconds before the second run; doubles with each. */
  readonly backoff: number;
  /** Runs so far. */
  readonly attempt: number;
  readonly orderKey: string | null;
  /** Not before. */
  readonly runAt: number | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** JSON. Kept for 24 h after the end. */
  readonly result: string | null;
  readonly error: string | null;
  readonly cancelRequested: boolean;
}

export type NewTask = Pick<
  Task,
  "id" | "type" | "queue" | "payload" | "digest" | "priority" | "attempts" | "backoff" | "orderKey" | "runAt"
> & {
  /** It isn't a new UUID: the queue may hold a finished job of it, longer than the task table does, which has to go first. */
  readonly ownId?: boolean;
};

export interface TaskFilter {
  readonly status?: readonly TaskStatus[];
  readonly type?: string;
  readonly queue?: string;
  /** Default 50, at most 500. */
  readonly limit?: number;
  readonly offset?: number;
}

/** A job that failed for good. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly payload: string;
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: number;
  /** What somebody wrote when it was settled without another run; such letters are deleted 30 days later. */
  readonly resolution: string | null;
  readonly resolvedAt: number | null;
}

/** A task that has to get to the queue, claimed for a while. */
export interface Outgoing {
  readonly task: Task;
  /** Until when it is claimed; tells this claim from others of the same task. */
  readonly lease: number;
  /** It ran before, or its id is its own: the queue may hold a finished job of its id, which has to go first. */
  readonly again: boolean;
}

/** The task database can't be reached now, or can't be written. What was being changed may be changed all the same. */
export class StoreUnavailable extends Error {
  override name = "StoreUnavailable";
}

/**
 * The task database: SQLite in a file, or PostgreSQL. Every method is atomic; those that change a task say whether they
 * did, so that of several processes that try exactly one succeeds. They reject with StoreUnavailable, fast, while the database
 * is away. Within the callback of `transaction`, methods that write must be given that transaction, and throw otherwise.
 */
export interface Store {
  readonly kind: "sqlite" | "postgres";
  /** For the application's own tables; `Transaction`s of it go to `enqueue` and `once`. */
  readonly db: Kysely<Database>;
  /** Runs in one transaction; run again where PostgreSQL says that it collided with another. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;

  /** Adds a task and the note that it has to get to the queue; what is there under this id stays, and is returned. */
  insert(task: NewTask, transaction?: Transaction): Promise<{ readonly task: Task; readonly isNew: boolean }>;
  insertMany(tasks: readonly NewTask[], transaction?: Transaction): Promise<number>;
  /** Adds a task that is in the queue already, such as a recurring one; what is there under this id stays. */
  adopt(task: NewTask): Promise<void>;
  find(id: string): Promise<Task | undefined>;
  /** The newest first. */
  list(filter: TaskFilter): Promise<{ readonly tasks: readonly Task[]; readonly total: number }>;
  /** Tasks that changed at this time (milliseconds since 1970) or later, in the order of their changes. @param limit default 500 */
  changedSince(time: number, limit?: number): Promise<readonly { readonly task: Task; readonly changedAt: number }[]>;

  /**
   * Claims up to `limit` tasks that have to get to the queue, the oldest first, for `leaseMs`: another process doesn't get
   * them meanwhile. A task whose order key has an earlier unfinished task is held back.
   */
  claimOutgoing(limit: number, leaseMs: number, ids?: readonly string[]): Promise<readonly Outgoing[]>;
  /** They are in the queue: forgets that they had to get there. */
  sent(claimed: readonly Outgoing[]): Promise<void>;
  /** They didn't get there: may be claimed again at once. */
  release(claimed: readonly Outgoing[]): Promise<void>;
  /** Those of these types, at least one, that `startHere` may start, and that don't wait for their time; the oldest first. */
  runnableHere(types: readonly string[], limit: number): Promise<readonly Task[]>;
  /** How many have to get to the queue still. @param queue default: all */
  outgoing(queue?: string): Promise<number>;

  /**
   * Some of the tasks that the queue should have since a time, milliseconds since 1970: unfinished, and not in the outbox.
   *
   * @param after the `next` of the call before, or 0; `next` is 0 after the last of them
   */
  inQueueSince(time: number, after: number): Promise<{ readonly tasks: readonly Task[]; readonly next: number }>;
  /** The queue doesn't have it: notes that it has to get there. False: it is finished, or that was noted. */
  lost(id: string): Promise<boolean>;

  /**
   * waiting or scheduled -> active; also a task that is active already (its worker died), or that failed in the queue and was
   * retried there (its dead letter is gone then). False: it is finished, or cancelled, or somebody runs it outside of the queue (it
   * is active then), or it failed and its order key doesn't let it go again.
   */
  start(id: string, attempt: number): Promise<boolean>;
  /**
   * For a run outside of the queue, while that is away: waiting or scheduled -> active, where the task has to get to the queue
   * still, nobody is bringing it there, and its order key doesn't hold it back. Should this process die before the task's end,
   * the task goes to the queue; until then no worker can start it.
   */
  startHere(id: string): Promise<boolean>;
  /** Does nothing in the callback of `transaction`: it would wait for that. */
  progress(id: string, percent: number, message: string | null): Promise<void>;
  /** -> completed, failed, cancelled; false: it was finished before. */
  complete(id: string, result: string | null, transaction?: Transaction): Promise<boolean>;
  fail(id: string, error: string): Promise<boolean>;
  /** active -> waiting (or scheduled, at `runAt`), for the next attempt. False: it was finished, or is cancelled now as somebody wanted. */
  again(id: string, error: string | null, runAt: number | null): Promise<boolean>;
  /** One that isn't active is cancelled, and out of the outbox; for an active one the wish is noted. */
  cancel(id: string): Promise<"cancelled" | "requested" | "finished" | "unknown">;
  /** The wish was fulfilled. */
  cancelled(id: string): Promise<boolean>;
  /** Has a listener called when a task with an order key has ended in this process: the next one of its key may go. */
  onKeyFree(listener: () => void): void;
  /** Which of these running tasks somebody wants cancelled. */
  cancelRequested(ids: readonly string[]): Promise<readonly string[]>;
  setPriority(id: string, priority: number): Promise<boolean>;
  /** failed or cancelled -> waiting, with the note that it has to get to the queue. */
  reopen(id: string, transaction?: Transaction): Promise<boolean>;

  /** Marks an effect within a transaction. `first` is false where the mark was there, with what was noted then. */
  mark(key: string, transaction: Transaction): Promise<{ readonly first: boolean; readonly result: string | null }>;
  /** Of a mark that is there. */
  effect(key: string): Promise<{ readonly result: string | null } | undefined>;
  /** Claims an effect for a time: nobody else has it meanwhile. Gives what was noted where it was had before. */
  claimEffect(key: string, ms: number): Promise<"mine" | "taken" | { readonly result: string | null }>;
  renewEffect(key: string, ms: number): Promise<void>;
  /** It wasn't had. */
  releaseEffect(key: string): Promise<void>;
  /** It was had. @returns what was noted first */
  noteEffect(key: string, result: string | null): Promise<string | null>;
  noteResult(key: string, result: string | null, transaction: Transaction): Promise<void>;

  bury(letter: Omit<DeadLetter, "resolution" | "resolvedAt">): Promise<void>;
  deadLetters(filter: {
    readonly queue?: string;
    readonly type?: string;
    /** Default false: those that nobody has settled. */
    readonly resolved?: boolean;
    readonly limit?: number;
    readonly offset?: number;
  }): Promise<{ readonly letters: readonly DeadLetter[]; readonly total: number }>;
  deadLetter(id: string): Promise<DeadLetter | undefined>;
  resolve(id: string, note: string): Promise<boolean>;
  /** Removes a letter whose job was retried, or that isn't wanted any more. @param failedAt where it has to be that failure's */
  removeDeadLetter(id: string, failedAt?: number): Promise<boolean>;

  /** Deletes what is too old: results 24 h, finished tasks 7 d, effects 30 d, settled dead letters 30 d. @returns rows */
  prune(now?: number): Promise<number>;
  counts(): Promise<Readonly<Record<TaskStatus, number>>>;
  close(): Promise<void>;
}
