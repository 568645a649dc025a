import { type Job, type JobState, Queue } from "bullmq";
import type { Config } from "../config";
import { log, reason } from "../log";
import {
  digestOf,
  jobSchema,
  type Reservation,
  type ReservationJob,
  type ReservationState,
} from "../reservations/reservation";
import { producerConnection } from "./connection";
import { JOB, jobOptions, QUEUE } from "./names";

/** The queue can't be reached now. For an `add` the outcome is unknown: the job may be stored all the same. */
export class QueueUnavailable extends Error {
  override name = "QueueUnavailable";
}

/** A job as the rest of the application sees it. */
interface QueuedReservation {
  state: ReservationState;
  /** Of the reservation that the job holds; empty when it holds something else. */
  digest: string;
}

/** The sending side of the queue. Its methods reject with QueueUnavailable, fast, while Redis is away. */
export class ReservationQueue {
  private readonly client;
  private queue: Queue<ReservationJob> | undefined;
  /** Resolves with the outcome of the first try to connect. Later ones happen in the background, without an end. */
  readonly settled: Promise<void>;

  constructor(private readonly config: Config) {
    this.client = producerConnection(config);
    this.settled = new Promise((resolve) => {
      this.client.on("ready", () => void this.open().then(resolve));
      this.client.once("error", () => resolve());
    });
  }

  /** Whether Redis answers now; takes 2 s at most. */
  async answers(): Promise<boolean> {
    if (this.queue === undefined) return false;
    return await this.client.ping().then(
      () => true,
      () => false,
    );
  }

  /** Stores a job. One that is there under this id stays as it is. */
  async add(id: string, reservation: Reservation): Promise<void> {
    await this.use((queue) => queue.add(JOB, { reservation }, { jobId: id }));
  }

  async find(id: string): Promise<QueuedReservation | undefined> {
    return await this.use(async (queue) => {
      // The state first: read the other way round, a job that fails in between would be failed without a reason.
      const state = await queue.getJobState(id);
      const job = await queue.getJob(id);
      return job && describe(job, id, state);
    });
  }

  /** Gives a failed job its attempts back. */
  async retry(id: string): Promise<void> {
    await this.use(async (queue) => {
      const job = await queue.getJob(id);
      await job?.retry("failed", { resetAttemptsMade: true });
    });
  }

  async close(): Promise<void> {
    await this.queue?.close();
    this.client.disconnect();
  }

  /**
   * BullMQ's Queue must find Redis ready when it is constructed: one that doesn't is of no use ever after. So it is made
   * on the first connection that holds; the same connection then serves it through every later reconnect.
   */
  private async open(): Promise<void> {
    if (this.queue) return;
    const queue = new Queue<ReservationJob>(QUEUE, {
      connection: this.client,
      prefix: this.config.QUEUE_PREFIX,
      defaultJobOptions: jobOptions,
    });
    // The connection reports its own faults; without a listener here they would end the process.
    queue.on("error", () => {});
    try {
      await queue.waitUntilReady();
      if (this.queue) await queue.close();
      else this.queue = queue;
    } catch (error) {
      log(`[Queue Service] Redis-Verbindung fehlgeschlagen: ${reason(error)}`);
      await queue.close().catch(() => {});
    }
  }

  private async use<T>(action: (queue: Queue<ReservationJob>) => Promise<T>): Promise<T> {
    if (this.queue === undefined) throw new QueueUnavailable("Redis ist nicht verbunden");
    try {
      return await action(this.queue);
    } catch (error) {
      // Redis is there and says no (memory full, disk full, no permission): nobody else tells.
      if (this.client.status === "ready") log(`[Queue Service] Redis-Fehler: ${reason(error)}`);
      throw new QueueUnavailable(reason(error), { cause: error });
    }
  }
}

function describe(job: Job<ReservationJob>, id: string, jobState: JobState | "unknown"): QueuedReservation {
  const parsed = jobSchema.safeParse(job.data);
  const digest = parsed.success ? digestOf(parsed.data.reservation) : "";
  const progress = typeof job.progress === "number" ? job.progress : 0;
  if (jobState === "failed")
    return { digest, state: { id, status: "failed", progress, error: job.failedReason ?? "" } };
  // What BullMQ calls delayed, prioritized or waiting-children (or just left one list for the next) is all the same to a guest.
  const status = jobState === "completed" || jobState === "active" ? jobState : "waiting";
  return { digest, state: { id, status, progress } };
}
