import { Job, type JobsOptions, Queue } from "bullmq";
import { Redis } from "ioredis";
import type { HeldJob, Mark } from "./held";

/**
 * What became of a job: `again` it is in the queue once more; `since` it has been run, retried or taken away by somebody else
 * after it failed; `refused` it can't be, for that reason.
 */
export type Outcome = { readonly kind: "again" | "since" } | { readonly kind: "refused"; readonly reason: string };

/** Milliseconds by which the clocks of the notes and of Redis may differ: both are the server's. */
const CLOCK_MS = 5_000;

/** The queues of held jobs, by BullMQ itself, over one connection for each database. */
export class Queues {
  private readonly connections = new Map<number, Redis>();
  private readonly queues = new Map<string, Queue>();

  constructor(private readonly address: { readonly port: number; readonly password?: string }) {}

  /**
   * Runs a job again: where it still is as it failed, by retrying it with all its attempts; where it is gone, by adding it
   * anew under its id. One that somebody has dealt with meanwhile stays as it is, so that a second call does nothing.
   *
   * @param mark what an earlier replay noted of it
   */
  async runAgain(held: HeldJob, mark: Mark | undefined): Promise<Outcome> {
    const queue = this.queueOf(held);
    // BullMQ 5 has another list for the jobs of a paused queue than BullMQ 6, which would be replaced on resuming.
    if (await queue.isPaused()) return { kind: "refused", reason: `queue ${held.queue} is paused: resume it first` };
    const there = await Job.fromId(queue, held.id);
    if (there !== undefined) return retry(there, held);
    if (mark === "done" || (await queue.getJob(newId(held.id))) !== undefined) return { kind: "since" };
    if (mark !== undefined && (await this.wasAdded(held, mark.begun))) return { kind: "since" };
    try {
      await queue.add(held.name, JSON.parse(held.data), { ...optionsOf(held), jobId: newId(held.id) });
      return { kind: "again" };
    } catch (error) {
      return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Whether the queue's events tell that a job was added anew after a time: it may be done and gone already. */
  private async wasAdded({ database, prefix, queue, id }: HeldJob, since: Date): Promise<boolean> {
    const from = String(since.getTime() - CLOCK_MS);
    const events = await this.connectionTo(database).xrange(`${prefix}:${queue}:events`, from, "+");
    return events.some(([, fields]) => fields.includes("added") && fields.includes(newId(id)));
  }

  private connectionTo(database: number): Redis {
    const known = this.connections.get(database);
    if (known !== undefined) return known;
    const connection = new Redis({
      ...this.address,
      host: "127.0.0.1",
      db: database,
      maxRetriesPerRequest: 3,
    });
    // Whoever waits for an answer is told of faults.
    connection.on("error", () => {});
    this.connections.set(database, connection);
    return connection;
  }

  private queueOf({ database, prefix, queue: name }: HeldJob): Queue {
    const key = `${database} ${prefix}:${name}`;
    const known = this.queues.get(key);
    if (known !== undefined) return known;
    // The queue belongs to the application: what its own BullMQ noted of it stays.
    const queue = new Queue(name, { connection: this.connectionTo(database), prefix, skipMetasUpdate: true });
    queue.on("error", () => {});
    this.queues.set(key, queue);
    return queue;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    for (const connection of this.connections.values()) connection.disconnect();
  }
}

async function retry(job: Job, { finishedOn }: HeldJob): Promise<Outcome> {
  if (!(await job.isFailed()) || String(job.finishedOn) !== finishedOn) return { kind: "since" };
  try {
    await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
    return { kind: "again" };
  } catch (error) {
    // Somebody else retried it in this moment.
    if (!(await job.isFailed())) return { kind: "since" };
    return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** BullMQ gives numbers to jobs without an id of their own, and takes none from others. */
export const newId = (id: string): string => (/^\d+$/.test(id) ? `replayed-${id}` : id);

/** The job's own options, without what only made sense when it was first added. */
function optionsOf({ opts }: HeldJob): JobsOptions {
  const past = ["delay", "repeat", "repeatJobKey", "prevMillis", "timestamp", "jobId"];
  return Object.fromEntries(Object.entries(Job.optsFromJSON(opts)).filter(([key]) => !past.includes(key)));
}
