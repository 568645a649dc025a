import type { z } from "zod";
import type { Execution } from "../run/execution";

/** How urgent a job is within its queue; a smaller number is taken first. */
export const PRIORITY = { high: 1, normal: 5, low: 10 } as const;
export type Priority = keyof typeof PRIORITY;

/** How long finished jobs stay, whichever limit is reached first. */
export interface Retention {
  /** Seconds. */
  readonly age: number;
  readonly count: number;
}

/** What is true of all jobs of a queue. */
export interface QueueDefinition {
  /** What the queue is called in Redis, after QUEUE_PREFIX; its name in the table where this isn't set. */
  readonly storedAs?: string;
  /** One line for the documentation and the board. */
  readonly description: string;
  /** Of its jobs that say nothing else. Default normal. */
  readonly priority?: Priority;
  /** Completed jobs; default 24 h, 10,000. */
  readonly keepCompleted?: Retention;
  /** Failed jobs; default 7 d, 10,000. */
  readonly keepFailed?: Retention;
  /** Jobs that all workers together start at most in a time. */
  readonly rateLimit?: { readonly max: number; readonly perMs: number };
  /** Jobs that may wait; more are refused with QueueFull. Default 100,000. */
  readonly maxWaiting?: number;
  /** What the lines of its log begin with, in brackets. Default the queue's name. */
  readonly label?: string;
}

/** Time limits of one run, in seconds. At the soft one the signal aborts, at the hard one the run is given up or, in a sandbox, killed. */
export interface TimeLimits {
  /** Default 3540, QUEUE_SOFT_TIME_LIMIT. */
  readonly soft?: number;
  /** Default 3600, QUEUE_TIME_LIMIT. */
  readonly hard?: number;
}

/** A type of job: what it carries, where it waits, and what is done. One file each. */
export interface JobDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType, Result = unknown> {
  /** As in the payloads' envelope, the logs and the metrics: letters, digits, `-` and `_`. */
  readonly name: Name;
  /** Where it waits unless its caller names another; a name of the table's queues. */
  readonly queue: string;
  readonly description: string;
  readonly payload: Schema;
  /** Of the payload's shape; 1 where it has never changed. */
  readonly version?: number;
  /** Brings a payload of a version to the next one: `{ 1: (old) => new }`. */
  readonly upgrade?: Readonly<Record<number, (old: unknown) => unknown>>;
  readonly priority?: Priority;
  /** Runs until it counts as failed; default QUEUE_DEFAULT_ATTEMPTS, 3. */
  readonly attempts?: number;
  /** Milliseconds before the second run, twice as many before each further one; default QUEUE_DEFAULT_BACKOFF, 2000. */
  readonly backoff?: number;
  readonly timeLimits?: TimeLimits;
  /** Bytes that the payload may have as JSON. Default 64 KiB. */
  readonly maxBytes?: number;
  /** Top-level fields that are stored encrypted, with QUEUE_ENCRYPTION_KEY. */
  readonly encrypted?: readonly string[];
  /** Whether the task table follows its jobs: status, progress, result, order, cancelling by anyone. Default true. */
  readonly tracked?: boolean;
  /** Jobs for which this gives the same key, of whatever types, run one after another, in the order in which they were enqueued. Tracked types only. */
  readonly orderBy?: (payload: z.output<Schema>) => string;
  /** Jobs with the same key are one and the same: it becomes the id. Without it, each enqueueing makes a job, unless its caller names an id. */
  readonly idFrom?: (payload: z.output<Schema>) => string;
  /** Whether the one who enqueues does the work while no queue can be reached; false: it waits in the task table. Default true. */
  readonly fallback?: boolean;
  /** Whether it runs in a process of its own, which a hard limit kills. Default false. */
  readonly sandboxed?: boolean;
  run(payload: z.output<Schema>, execution: Execution): Promise<Result>;
}

/** Any type of job, where its payload doesn't matter. `run` is bivariant, so that every definition fits. */
export type AnyJob = Omit<JobDefinition, "run" | "orderBy" | "idFrom"> & {
  orderBy?(payload: never): string;
  idFrom?(payload: never): string;
  run(payload: never, execution: Execution): Promise<unknown>;
};

/** What is sent for a job of this type. */
export type PayloadOf<Job extends AnyJob> = z.input<Job["payload"]>;

/** The queues and the types of jobs of an application: everything else follows from it. */
export interface Table {
  readonly queues: Readonly<Record<string, QueueDefinition>>;
  readonly jobs: readonly AnyJob[];
  /** Queues that one worker serves in order, the first one first; each queue that is in none has a worker of its own. */
  readonly ordered?: readonly (readonly string[])[];
}
