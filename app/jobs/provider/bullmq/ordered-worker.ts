import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker, type WorkerOptions } from "bullmq";
import type { Redis } from "ioredis";

export type Work = (job: Job, token: string | undefined) => Promise<unknown>;

/** A queue as BullMQ knows it, and the options of its worker. */
export interface Served {
  readonly queue: string;
  readonly options: WorkerOptions & { connection: Redis; concurrency: number; lockDuration: number };
}

/** A job that this process holds. */
interface Taken {
  readonly worker: Worker;
  readonly job: Job;
  readonly token: string;
}

/** How the work of a job ended. */
interface Outcome {
  readonly result?: unknown;
  readonly error?: Error;
}

/** Seconds of waiting for a job without having looked: another process may have died with the word that one is there. */
const LOOK_AGAIN_S = 5;
/** Pause in milliseconds after a fault of Redis, as BullMQ's `runRetryDelay`. */
const RETRY_MS = 1000;

/**
 * One worker for several queues: a job of a later queue is taken only when none waits in an earlier one. BullMQ's own worker
 * knows one queue alone, so jobs are fetched here, by its public way for that; for one queue, its own loop is faster.
 */
export class OrderedWorker {
  readonly workers: readonly Worker[];
  /** Waits for jobs; nothing else may use it, since it blocks. */
  private readonly waiting: Redis;
  private readonly held = new Set<Taken>();
  private readonly lockDuration: number;
  /** As LOOK_AGAIN_S, or sooner: nobody says that a queue may start jobs again after its rate limit. */
  private readonly lookAgainS: number;
  private readonly renewal: NodeJS.Timeout;
  private readonly slots: Promise<unknown>;
  private readonly id = randomUUID();
  private tokens = 0;
  /** Idle slots look for a job one after another: all at once would ask Redis for the same one. */
  private line: Promise<unknown> = Promise.resolve();
  /** When the next delayed job is due, as far as it is known; milliseconds since 1970. */
  private due = Number.POSITIVE_INFINITY;
  closing: Promise<void> | undefined;

  /** @param served in order of priority, the most urgent first; the first one's connection and numbers hold for all */
  constructor(
    served: readonly [Served, ...Served[]],
    private readonly work: Work,
  ) {
    this.workers = served.map(({ queue, options }) => new Worker(queue, null, options));
    const { connection, concurrency, lockDuration } = served[0].options;
    const rateLimits = served.map(({ options }) => (options.limiter?.duration ?? Number.POSITIVE_INFINITY) / 1000);
    this.lookAgainS = Math.min(LOOK_AGAIN_S, ...rateLimits);
    this.lockDuration = lockDuration;
    this.waiting = connection.duplicate();
    // What is wrong with Redis is told by the connection of the options.
    this.waiting.on("error", () => {});
    for (const worker of this.workers) void worker.startStalledCheckTimer();
    this.renewal = setInterval(() => void this.renewLocks(), lockDuration / 3);
    this.slots = Promise.all(Array.from({ length: concurrency }, () => this.serve()));
  }

  async waitUntilReady(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.waitUntilReady()));
  }

  /** Takes no more jobs, waits for the running ones, unless `force`, and lets go of Redis. */
  async close(force = false): Promise<void> {
    this.closing ??= (async () => {
      this.waiting.disconnect();
      if (!force) await this.slots;
      clearInterval(this.renewal);
      await Promise.all(this.workers.map((worker) => worker.close(force)));
    })();
    await this.closing;
  }

  private async serve(): Promise<void> {
    // The next job is asked for while Redis still notes how the last one ended.
    let noted: Promise<void> | undefined;
    while (!this.closing) {
      const taken = (await this.take()) ?? (await this.queueUp());
      await noted;
      noted = taken && this.note(taken, await this.run(taken));
    }
    await noted;
  }

  private queueUp(): Promise<Taken | undefined> {
    const found = this.line.then(() => this.takeNext());
    this.line = found;
    return found;
  }

  private async takeNext(): Promise<Taken | undefined> {
    while (!this.closing) {
      const taken = await this.take();
      if (taken) return taken;
      await this.wait();
    }
    return undefined;
  }

  /** The first job of the first queue that has one. */
  private async take(): Promise<Taken | undefined> {
    for (const worker of this.workers) {
      if (this.closing) return undefined;
      const token = `${this.id}:${this.tokens++}`;
      const job = await worker.getNextJob(token, { block: false }).catch((error: Error) => this.tell(worker, error));
      if (job) return { worker, job, token };
    }
    return undefined;
  }

  /** Until a job is added to one of the queues, a delayed one is due, or it is time to look again. */
  private async wait(): Promise<void> {
    const seconds = Math.max(0.001, Math.min(this.lookAgainS, (this.due - Date.now()) / 1000));
    // One that gets no answer holds up all after it; over a new connection it is asked again.
    const overdue = setTimeout(() => this.waiting.disconnect(true), seconds * 1000 + 1000);
    try {
      const markers = this.workers.map((worker) => worker.toKey("marker"));
      const [, , score] = (await this.waiting.bzpopmin(...markers, seconds)) ?? [];
      // Zero stands for a job that can be had now.
      const due = Number(score ?? 0);
      this.due = due > Date.now() ? Math.min(this.due, due) : Number.POSITIVE_INFINITY;
    } catch {
      if (!this.closing) await sleep(RETRY_MS);
    } finally {
      clearTimeout(overdue);
    }
  }

  private async run(taken: Taken): Promise<Outcome> {
    // BullMQ has given it up, since its workers died too often; it is for the next worker to say so.
    if (taken.job.deferredFailure) return { error: new UnrecoverableError(taken.job.deferredFailure) };
    this.held.add(taken);
    try {
      return { result: await this.work(taken.job, taken.token) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      this.held.delete(taken);
    }
  }

  /** Tells Redis, unless the job has been handed back. */
  private async note({ worker, job, token }: Taken, { result, error }: Outcome): Promise<void> {
    if (error instanceof WaitingError || error instanceof DelayedError) return;
    try {
      if (error) await job.moveToFailed(error, token, false);
      else await job.moveToCompleted(result, token, false);
    } catch (fault) {
      await this.tell(worker, fault as Error);
      return;
    }
    if (error) worker.emit("failed", job, error, "active");
    else worker.emit("completed", job, result, "active");
  }

  private async renewLocks(): Promise<void> {
    const renew = ({ worker, job, token }: Taken) =>
      job.extendLock(token, this.lockDuration).catch((error: Error) => this.tell(worker, error));
    await Promise.all([...this.held].map(renew));
  }

  private async tell(worker: Worker, error: Error): Promise<undefined> {
    if (this.closing) return undefined;
    worker.emit("error", error);
    await sleep(RETRY_MS);
    return undefined;
  }
}
