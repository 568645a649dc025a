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
import { JOB, jobOptions, PRIORITIES, type Priority, QUEUES } from "./names";

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

type Queues = Readonly<Record<Priority, Queue<ReservationJob>>>;

/** The sending side of the queues. Its methods reject with QueueUnavailable, fast, while Redis is away. */
export class ReservationQueue {
  private readonly client;
  private queues: Queues | undefined;
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
    if (this.queues === undefined) return false;
    return await this.client.ping().then(
      () => true,
      () => false,
    );
  }

  /** Stores a job. One that is there under this id, in the same queue, stays as it is. */
  async add(id: string, reservation: Reservation, priority: Priority = "default"): Promise<void> {
    await this.use((queues) => queues[priority].add(JOB, { reservation }, { jobId: id }));
  }

  async find(id: string): Promise<QueuedReservation | undefined> {
    return await this.use(async (queues) => {
      const found = await Promise.all(
        PRIORITIES.map(async (priority) => {
          // The state first: read the other way round, a job that fails in between would be failed without a reason.
          const state = await queues[priority].getJobState(id);
          const job = await queues[priority].getJob(id);
          return job && describe(job, id, state);
        }),
      );
      return found.find((queued) => queued !== undefined);
    });
  }

  /** Gives a failed job its attempts back. */
  async retry(id: string): Promise<void> {
    await this.use(async (queues) => {
      const found = await Promise.all(PRIORITIES.map((priority) => queues[priority].getJob(id)));
      for (const job of found) await job?.retry("failed", { resetAttemptsMade: true });
    });
  }

  async close(): Promise<void> {
    await closeAll(this.queues);
    this.client.disconnect();
  }

  /**
   * BullMQ's Queue must find Redis ready when it is constructed: one that doesn't is of no use ever after. So it is made
   * on the first connection that holds; the same connection then serves it through every later reconnect.
   */
  private async open(): Promise<void> {
    if (this.queues) return;
    const queues: Queues = { high: this.make("high"), default: this.make("default"), low: this.make("low") };
    try {
      await Promise.all(Object.values(queues).map((queue) => queue.waitUntilReady()));
      if (this.queues) await closeAll(queues);
      else this.queues = queues;
    } catch (error) {
      log(`[Queue Service] Redis-Verbindung fehlgeschlagen: ${reason(error)}`);
      await closeAll(queues).catch(() => {});
    }
  }

  private make(priority: Priority): Queue<ReservationJob> {
    const queue = new Queue<ReservationJob>(QUEUES[priority], {
      connection: this.client,
      prefix: this.config.QUEUE_PREFIX,
      defaultJobOptions: jobOptions,
    });
    // The connection reports its own faults; without a listener here they would end the process.
    return queue.on("error", () => {});
  }

  private async use<T>(action: (queues: Queues) => Promise<T>): Promise<T> {
    if (this.queues === undefined) throw new QueueUnavailable("Redis ist nicht verbunden");
    try {
      return await action(this.queues);
    } catch (error) {
      // Redis is there and says no (memory full, disk full, no permission): nobody else tells.
      if (this.client.status === "ready") log(`[Queue Service] Redis-Fehler: ${reason(error)}`);
      throw new QueueUnavailable(reason(error), { cause: error });
    }
  }
}

async function closeAll(queues: Queues | undefined): Promise<void> {
  await Promise.all(Object.values(queues ?? {}).map((queue) => queue.close()));
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
