import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { NewJob, Provider, QueuedJob, Recurring } from "./provider";

/** A job as it goes from one provider to another. */
export interface PortableJob extends NewJob {
  /** What it was: one that failed waits again where it arrives. */
  readonly status: "waiting" | "scheduled" | "failed";
}

/** Jobs that wait, taken out of no provider in particular. */
export interface Dump {
  /** Where they come from. */
  readonly provider: Provider["name"];
  readonly prefix: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly jobs: readonly PortableJob[];
  readonly recurring: readonly Recurring[];
}

/** Jobs can't be moved as things are; the message says why, and what to do. */
export class TransferRefused extends Error {
  override name = "TransferRefused";
}

export interface ExportOptions {
  /** Also those that failed for good. Default false. */
  readonly failed?: boolean;
  /** Pauses the queues and waits so many milliseconds for running jobs to end; default: they have to be paused and idle. */
  readonly pauseMs?: number;
}

/** Jobs that are read or added in one go. */
const PAGE = 500;

/**
 * All jobs that wait in these queues, and the recurring ones. The queues stay paused: what ran after this would run again
 * where the jobs arrive.
 *
 * @throws TransferRefused when a queue isn't paused, has running jobs, or got jobs while it was read
 */
export async function exportJobs(
  provider: Provider,
  prefix: string,
  queues: readonly string[],
  { failed = false, pauseMs }: ExportOptions = {},
): Promise<Dump> {
  if (pauseMs !== undefined) await pauseAndWait(provider, queues, pauseMs);
  for (const queue of queues) await refuseUnlessIdle(provider, queue);
  const recurring = await provider.recurring();
  const jobs: PortableJob[] = [];
  for (const queue of queues) {
    const before = await provider.counts(queue);
    const waiting = await readAll(provider, queue, ["waiting", "scheduled"]);
    const dead = failed ? await readAll(provider, queue, ["failed"]) : [];
    const after = await provider.counts(queue);
    const changed = (["waiting", "scheduled", "active", "failed"] as const).some((key) => before[key] !== after[key]);
    if (changed || waiting.length !== before.waiting + before.scheduled) {
      throw new TransferRefused(`queue ${queue}: it got jobs meanwhile; stop what enqueues, then export again`);
    }
    const moved = [...waiting, ...dead].filter((job) => !comesByItself(job, recurring));
    // Lists begin with the newest; of equal priority, the older one is to be the first there too.
    moved.reverse().sort((one, other) => one.createdAt - other.createdAt);
    jobs.push(...moved.map(toPortable));
  }
  const lasting = recurring.map(({ nextAt: _, ...definition }) => definition);
  return { provider: provider.name, prefix, at: Date.now(), jobs, recurring: lasting };
}

/**
 * Adds the jobs of a dump, those that are there already stay as they are: so it may be repeated. Then reads all of them
 * back.
 *
 * @throws TransferRefused before anything is added where a queue isn't known here; after it where a job didn't arrive
 */
export async function importJobs(
  provider: Provider,
  queues: readonly string[],
  { jobs, recurring }: Dump,
): Promise<{ readonly added: number; readonly known: number; readonly recurring: number }> {
  const unknown = [...new Set([...jobs, ...recurring].map(({ queue }) => queue))].filter(
    (queue) => !queues.includes(queue),
  );
  if (unknown.length > 0) {
    throw new TransferRefused(`there is no queue ${unknown.join(", ")} here (there are ${queues.join(", ")})`);
  }
  let known = 0;
  for (let at = 0; at < jobs.length; at += PAGE) {
    const page = jobs.slice(at, at + PAGE);
    const found = await findAll(provider, page);
    known += found.filter((job) => job !== undefined).length;
    await provider.add(page.map(({ status: _, ...job }) => job));
  }
  for (const each of recurring) await provider.setRecurring(each);
  await verify(provider, jobs, recurring);
  return { added: jobs.length - known, known, recurring: recurring.length };
}

/** Over jobs and recurring ones, in whatever order they are. */
export function digestOf({ jobs, recurring }: Pick<Dump, "jobs" | "recurring">): string {
  const lines = [...jobs, ...recurring].map((each) => JSON.stringify(each, Object.keys(each).sort())).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

async function pauseAndWait(provider: Provider, queues: readonly string[], ms: number): Promise<void> {
  for (const queue of queues) await provider.pause(queue);
  for (const end = Date.now() + ms; Date.now() < end; await sleep(250)) {
    const counts = await Promise.all(queues.map((queue) => provider.counts(queue)));
    if (counts.every(({ active }) => active === 0)) return;
  }
}

async function refuseUnlessIdle(provider: Provider, queue: string): Promise<void> {
  const { paused, active } = await provider.counts(queue);
  if (!paused)
    throw new TransferRefused(`queue ${queue} isn't paused: its jobs would run here and there; pause it first`);
  if (active > 0) throw new TransferRefused(`queue ${queue} has ${active} running jobs; wait until they have ended`);
}

async function readAll(provider: Provider, queue: string, statuses: readonly QueuedJob["status"][]) {
  const jobs = new Map<string, QueuedJob>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await provider.list(queue, statuses, PAGE, offset);
    for (const job of page) jobs.set(job.id, job);
    if (page.length < PAGE) return [...jobs.values()];
  }
}

/** BullMQ has the next job of a recurring one in the queue beforehand; the definition makes it again. */
function comesByItself({ id, status }: QueuedJob, recurring: readonly Recurring[]): boolean {
  return status === "scheduled" && recurring.some(({ name }) => id.startsWith(`repeat:${name}:`));
}

/** One that has failed before has that many attempts less; one that has failed for good has all of them again. */
function toPortable(job: QueuedJob): PortableJob {
  const { id, queue, type, payload, priority, backoff, runAt } = job;
  const status = job.status === "failed" || job.status === "scheduled" ? job.status : "waiting";
  const attempts = status === "failed" ? job.attempts : Math.max(1, job.attempts - job.attempt);
  // BullMQ's own ids, of recurring jobs that are due, have colons, which it refuses in those of others.
  return {
    ...{ id: id.replaceAll(":", "."), queue, type, payload, priority, attempts, backoff, status },
    runAt: status === "scheduled" ? runAt : null,
  };
}

async function findAll(provider: Provider, jobs: readonly NewJob[]): Promise<(QueuedJob | undefined)[]> {
  return await Promise.all(jobs.map(({ queue, id }) => provider.find(queue, id)));
}

async function verify(provider: Provider, jobs: readonly NewJob[], recurring: readonly Recurring[]): Promise<void> {
  const missing: string[] = [];
  for (let at = 0; at < jobs.length; at += PAGE) {
    const page = jobs.slice(at, at + PAGE);
    const found = await findAll(provider, page);
    const arrived = (job: NewJob, there: QueuedJob | undefined) =>
      there?.type === job.type && sameJson(there.payload, job.payload);
    missing.push(...page.filter((job, index) => !arrived(job, found[index])).map(({ queue, id }) => `${queue}/${id}`));
  }
  const set = new Set((await provider.recurring()).map(({ name, queue }) => `${queue}/${name}`));
  missing.push(...recurring.map(({ name, queue }) => `${queue}/${name}`).filter((name) => !set.has(name)));
  if (missing.length === 0) return;
  const some = missing.slice(0, 5).join(", ");
  throw new TransferRefused(`${missing.length} jobs aren't there as they were exported (${some}); import again`);
}

/** Whatever spaces and order of keys a provider gives back. */
function sameJson(one: string, other: string): boolean {
  return one === other || canonical(JSON.parse(one)) === canonical(JSON.parse(other));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
