import { randomUUID } from "node:crypto";
import { isDate } from "node:util/types";
import { InputInvalid } from "../errors";
import type { NewJob } from "../provider/provider";
import type { NewTask } from "../store/store";
import { priorityOf } from "../table/defaults";
import { ID, ID_EXPECTED } from "../table/names";
import { type Encoded, encode } from "../table/payload";
import { type AnyJob, type PayloadOf, PRIORITY, type Priority, type Table } from "../table/types";
import type { Context } from "./context";
import type { EnqueueOptions } from "./types";

/** A job that may be enqueued: all of it was checked. */
export interface Request {
  readonly job: AnyJob;
  readonly encoded: Encoded;
  readonly id: string;
  /** It isn't a new UUID. */
  readonly ownId: boolean;
  readonly queue: string;
  readonly priority: number;
  readonly attempts: number;
  readonly backoff: number;
  readonly runAt: number | null;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof EnqueueOptions>([
  "id",
  "queue",
  "priority",
  "at",
  "delay",
  "attempts",
  "backoff",
]);
/** A date that passed this many milliseconds ago is still taken for now: clocks differ. */
const JUST_NOW_MS = 60_000;
/** No job is kept for longer than this, in milliseconds. */
const FAR_MS = 10 * 365 * 24 * 60 * 60 * 1000;
const MAX_ATTEMPTS = 100;
const MAX_BACKOFF_MS = 24 * 60 * 60 * 1000;

/** @throws PayloadInvalid, InputInvalid, EncryptionKeyMissing */
export function request<Job extends AnyJob>(
  { table, settings }: Pick<Context, "table" | "settings">,
  job: Job,
  payload: PayloadOf<Job>,
  options: EnqueueOptions,
): Request {
  assertJob(table, job);
  for (const option in options)
    if (!OPTIONS.has(option)) refuse(option, `should be one of the options ${[...OPTIONS].join(", ")}`);
  const encoded = encode(job, payload, settings.encryptionKeys);
  const queue = options.queue ?? job.queue;
  assertQueue(table, queue);
  return {
    job,
    encoded,
    id: idOf(job, encoded.value, options.id),
    ownId: options.id !== undefined || job.idFrom !== undefined,
    queue,
    priority: checkedPriority(priorityOf(table, job, queue, checkedPriority(options.priority))),
    attempts: within(options.attempts, 1, MAX_ATTEMPTS, "attempts") ?? job.attempts ?? settings.attempts,
    backoff: within(options.backoff, 0, MAX_BACKOFF_MS, "backoff") ?? job.backoff ?? settings.backoffMs,
    runAt: runAtOf(options),
  };
}

/** As the task table wants it. */
export function toTask({ job, encoded, id, ownId, queue, priority, attempts, backoff, runAt }: Request): NewTask {
  const digest = encoded.digest();
  const orderKey = orderKeyOf(job, encoded.value as never);
  return {
    id,
    ownId,
    type: job.name,
    queue,
    payload: encoded.json,
    digest,
    priority,
    attempts,
    backoff,
    orderKey,
    runAt,
  };
}

export function orderKeyOf(job: AnyJob, value: never): string | null {
  return job.orderBy?.(value) ?? null;
}

/** As a provider wants it. */
export function toJob({ job, encoded, id, queue, priority, attempts, backoff, runAt }: Request): NewJob {
  return { id, queue, type: job.name, payload: encoded.json, priority, attempts, backoff, runAt };
}

export function assertJob(table: Table, job: AnyJob): void {
  if (!table.jobs.includes(job)) refuse("type", `should be one of the table's, got ${job?.name}`);
}

export function assertQueue(table: Table, queue: string): void {
  if (!Object.hasOwn(table.queues, queue))
    refuse("queue", `should be one of ${Object.keys(table.queues).join(", ")}, got ${JSON.stringify(queue)}`);
}

/** @throws InputInvalid unless it is high, normal, low or a whole number from 1 to 10 */
export function checkedPriority<T extends Priority | number | undefined>(priority: T): T {
  const known =
    priority === undefined ||
    (typeof priority === "number"
      ? Number.isInteger(priority) && priority >= PRIORITY.high && priority <= PRIORITY.low
      : Object.hasOwn(PRIORITY, priority));
  if (!known) refuse("priority", `should be high, normal, low or a whole number from 1 to 10, got ${priority}`);
  return priority;
}

export function refuse(path: string, message: string): never {
  throw new InputInvalid({ path, message });
}

function idOf(job: AnyJob, value: unknown, own: string | undefined): string {
  const id = own ?? job.idFrom?.(value as never);
  if (id === undefined) return randomUUID();
  if (!ID.test(id)) refuse("id", `${ID_EXPECTED}, got ${JSON.stringify(id)}`);
  return id;
}

function within(value: number | undefined, min: number, max: number, path: string): number | undefined {
  if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max))
    refuse(path, `should be a whole number from ${min} to ${max}, got ${value}`);
  return value;
}

function runAtOf({ at, delay }: EnqueueOptions): number | null {
  if (at === undefined) {
    const ms = within(delay, 0, FAR_MS, "delay") ?? 0;
    return ms === 0 ? null : Date.now() + ms;
  }
  if (delay !== undefined) refuse("delay", "should not be set together with at");
  if (!isDate(at) || Number.isNaN(at.getTime())) refuse("at", `should be a Date, got ${JSON.stringify(at)}`);
  const now = Date.now();
  const time = at.getTime();
  if (time < now - JUST_NOW_MS) refuse("at", `should not be in the past, got ${at.toISOString()}`);
  if (time > now + FAR_MS) refuse("at", `should be within ten years, got ${at.toISOString()}`);
  return time <= now ? null : time;
}
