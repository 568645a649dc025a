import { setMaxListeners } from "node:events";
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { Aborted } from "../../run/execution";
import { PRIORITY } from "../../table/types";
import type { Outcome, ProviderWorker, QueueSettings, TakenJob, WorkEvents, WorkOptions } from "../provider";
import { OrderedWorker, type Served } from "./ordered-worker";

/** A lock lives this long without renewal: no other worker takes the job of one that is merely busy. */
const LOCK_MS = 5000;

/**
 * How often a dead worker's jobs are looked for. It takes two looks, and one that comes a millisecond early is skipped:
 * with 5 s between them, the job of a killed worker ran again after 10 s, and now and then after more than 15; with
 * this, after 5 to 10.
 */
const STALLED_CHECK_MS = 2500;

/**
 * How often a job may be taken from a dead worker. With BullMQ's 1 the second crash fails a job whatever `attempts` says
 * (bullmq #892); without an end, a job that kills its worker would do so for ever.
 */
const MAX_STALLED = 10;

type Run = (job: TakenJob) => Promise<Outcome>;

/** Serves one queue by BullMQ's own worker, several in order by ours, through any absence of Redis. */
export class BullmqWorker implements ProviderWorker {
  private readonly worker: Worker | OrderedWorker;
  private readonly stopping = new AbortController();
  private ready = false;

  constructor(
    private readonly client: Redis,
    private readonly prefix: string,
    private readonly served: readonly QueueSettings[],
    private readonly run: Run,
    private readonly options: WorkOptions,
    private readonly events: WorkEvents,
  ) {
    setMaxListeners(0, this.stopping.signal);
    client.once("error", () => {
      if (!this.ready) events.away?.("Redis");
    });
    this.worker = this.serve();
    this.worker.waitUntilReady().then(
      () => {
        this.ready = true;
        events.ready?.();
      },
      (error: unknown) => this.end(error),
    );
  }

  async stop(ms: number): Promise<void> {
    const limit = setTimeout(() => this.stopping.abort(new Aborted("worker stops")), ms);
    await this.worker.close(this.client.status !== "ready");
    clearTimeout(limit);
  }

  private serve(): Worker | OrderedWorker {
    const work = (job: Job, token: string | undefined) => this.process(job, token);
    const [first, ...more] = this.served.map(
      (queue): Served => ({ queue: queue.storedAs, options: this.tuned(queue) }),
    );
    if (!first) throw new Error("a worker needs at least one queue");
    if (more.length > 0) {
      const worker = new OrderedWorker([first, ...more], work);
      for (const each of worker.workers) this.listen(each);
      return worker;
    }
    const worker = new Worker(first.queue, work, { ...first.options, autorun: false });
    this.listen(worker);
    worker.run().catch((error: unknown) => this.end(error));
    return worker;
  }

  private tuned({ rateLimit }: QueueSettings): Served["options"] {
    return {
      connection: this.client,
      prefix: this.prefix,
      concurrency: this.options.concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_STALLED,
      // BullMQ's 15 s between two tries would add to every absence of Redis.
      runRetryDelay: 1000,
      ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
    };
  }

  private async process(job: Job, token: string | undefined): Promise<unknown> {
    const outcome = await this.run(taken(job, this.nameOf(job.queueName), this.stopping.signal));
    switch (outcome.kind) {
      case "completed":
        return outcome.result === null ? undefined : JSON.parse(outcome.result);
      case "failed":
        throw outcome.final ? new UnrecoverableError(outcome.error) : new Error(outcome.error);
      case "handed back":
        if (outcome.afterMs !== undefined) {
          await job.moveToDelayed(Date.now() + outcome.afterMs, token);
          throw new DelayedError();
        }
        await job.moveToWait(token);
        throw new WaitingError();
      default:
        return outcome satisfies never;
    }
  }

  private listen(worker: Worker): void {
    const queue = this.nameOf(worker.name);
    // Every fault of a connection also comes by here; the connection has told it already.
    worker.on("error", (error) => {
      if (this.client.status === "ready") this.events.error?.(error);
    });
    worker.on("stalled", (id) => this.events.stalled?.(id, queue));
    worker.on("failed", (job, error) => {
      if (job?.deferredFailure) this.events.gaveUp?.(taken(job, queue, this.stopping.signal), error.message);
    });
  }

  private end(error: unknown): void {
    if (!this.worker.closing) this.events.fatal?.(error instanceof Error ? error : new Error(String(error)));
  }

  private nameOf(storedAs: string): string {
    return this.served.find((queue) => queue.storedAs === storedAs)?.name ?? storedAs;
  }
}

function taken(job: Job, queue: string, signal: AbortSignal): TakenJob {
  const { attempts, backoff, delay } = job.opts;
  const dueAt = job.timestamp + (delay ?? 0);
  return {
    id: job.id ?? "",
    queue,
    type: job.name,
    get payload() {
      return JSON.stringify(job.data);
    },
    attempt: job.attemptsMade + 1,
    attempts: attempts || 1,
    backoff: (typeof backoff === "object" ? backoff.delay : backoff) ?? 0,
    priority: job.priority || PRIORITY.normal,
    dueAt,
    // How long the back-off before a further run was isn't noted.
    readyAt: job.attemptsMade === 0 ? dueAt : null,
    signal,
    progress: (percent) => job.updateProgress(percent),
  };
}
