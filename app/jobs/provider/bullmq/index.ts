import { ErrorCode, type Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type Log, log as toStdout } from "../../log";
import type { Settings } from "../../settings";
import type { Table } from "../../table/types";
import type {
  Counts,
  NewJob,
  Outcome,
  Provider,
  ProviderWorker,
  QueuedJob,
  QueueSettings,
  Recurring,
  TakenJob,
  WorkEvents,
  WorkOptions,
} from "../provider";
import { queueSettings, sharedPriority } from "../queue-settings";
import { Connections } from "./connection";
import { fromBullmq, placement, STATES, toBullmq } from "./jobs";
import { Queues } from "./queues";
import { fromScheduler, setScheduler } from "./recurring";
import { BullmqWorker } from "./worker";

/** BullMQ on Redis. Opens its connection at once and keeps trying; nothing here waits for it. */
export function openBullmq(table: Table, settings: Settings, log: Log = toStdout): BullmqProvider {
  return new BullmqProvider(table, settings, log);
}

export class BullmqProvider implements Provider {
  readonly name = "bullmq";
  readonly settled: Promise<void>;
  private readonly connections: Connections;
  private readonly client: Redis;
  /** Of all workers; made with the first. */
  private workers: Redis | undefined;
  private readonly settings: ReadonlyMap<string, QueueSettings>;
  private readonly shared = new Map<string, number | undefined>();
  private readonly opened: Queues;
  private readonly prefix: string;

  constructor(table: Table, settings: Settings, log: Log) {
    this.prefix = settings.prefix;
    this.settings = queueSettings(table);
    for (const name of this.settings.keys()) this.shared.set(name, sharedPriority(table, name));
    this.connections = new Connections(settings, log);
    this.client = this.connections.forRequests();
    this.opened = new Queues(this.client, this.settings, settings.prefix, log);
    this.settled = new Promise((resolve) => {
      this.client.once("ready", () => resolve());
      this.client.once("error", () => resolve());
    });
  }

  queues(): Promise<ReadonlyMap<string, Queue>> {
    return this.opened.all();
  }

  /** Takes 2 s at most. */
  async answers(): Promise<boolean> {
    return await this.client.ping().then(
      () => true,
      () => false,
    );
  }

  async add(jobs: readonly NewJob[]): Promise<void> {
    const [first, ...more] = jobs;
    if (!first) return;
    if (more.length === 0) {
      const { name, data, opts } = this.toBullmq(first);
      await this.opened.use(first.queue, (queue) => queue.add(name, data, opts));
      return;
    }
    const byQueue = [...Map.groupBy(jobs, ({ queue }) => queue)];
    await Promise.all(
      byQueue.map(([name, own]) =>
        this.opened.use(name, (queue) => queue.addBulk(own.map((job) => this.toBullmq(job)))),
      ),
    );
  }

  async find(name: string, id: string): Promise<QueuedJob | undefined> {
    return await this.opened.use(name, async (queue) => {
      // The state first: read the other way round, a job that fails in between would be failed without a reason.
      const state = await queue.getJobState(id);
      const job = await queue.getJob(id);
      if (!job || state === "unknown") return undefined;
      return fromBullmq(job, name, state, this.shared.get(name));
    });
  }

  /** By status in the order given, within each the newest first. */
  async list(
    name: string,
    statuses: readonly QueuedJob["status"][],
    limit: number,
    offset: number,
  ): Promise<readonly QueuedJob[]> {
    return await this.opened.use(name, async (queue) => {
      const states = statuses.flatMap((status) => [...STATES[status]]);
      const counts = await queue.getJobCounts(...states);
      const found: QueuedJob[] = [];
      let skip = offset;
      for (const state of states) {
        const wanted = limit - found.length;
        if (wanted <= 0) break;
        if (skip < (counts[state] ?? 0)) {
          const jobs = await queue.getJobs([state], skip, skip + wanted - 1);
          found.push(...jobs.map((job) => fromBullmq(job, name, state, this.shared.get(name))));
        }
        skip = Math.max(0, skip - (counts[state] ?? 0));
      }
      return found;
    });
  }

  async counts(name: string): Promise<Counts> {
    return await this.opened.use(name, async (queue) => {
      const [counts, paused] = await Promise.all([
        queue.getJobCounts(...Object.values(STATES).flat()),
        queue.isPaused(),
      ]);
      const sum = (states: readonly string[]) => states.reduce((total, state) => total + (counts[state] ?? 0), 0);
      return {
        scheduled: sum(STATES.scheduled),
        waiting: sum(STATES.waiting),
        active: sum(STATES.active),
        completed: sum(STATES.completed),
        failed: sum(STATES.failed),
        paused,
      };
    });
  }

  async remove(name: string, id: string): Promise<"removed" | "active" | "recurring" | "unknown"> {
    return await this.opened.use(name, async (queue) => {
      const job = await queue.getJob(id);
      if (!job) return "unknown";
      try {
        return (await queue.remove(id)) === 1 ? "removed" : "active";
      } catch (error) {
        if (refusalOf(error) === ErrorCode.JobBelongsToJobScheduler) return "recurring";
        throw error;
      }
    });
  }

  async setPriority(name: string, id: string, priority: number): Promise<boolean> {
    return await this.opened.use(name, async (queue) => {
      const state = await queue.getJobState(id);
      const job = await queue.getJob(id);
      if (!job || !["waiting", "prioritized", "delayed"].includes(state)) return false;
      return await unlessRefused(job.changePriority(placement(priority, this.shared.get(name))));
    });
  }

  async retry(name: string, id: string): Promise<boolean> {
    return await this.opened.use(name, async (queue) => {
      const job = await queue.getJob(id);
      if (!job || !(await job.isFailed())) return false;
      return await unlessRefused(job.retry("failed", { resetAttemptsMade: true }));
    });
  }

  async pause(name: string): Promise<void> {
    await this.opened.use(name, (queue) => queue.pause());
  }

  async resume(name: string): Promise<void> {
    await this.opened.use(name, (queue) => queue.resume());
  }

  async setRecurring(recurring: Recurring): Promise<void> {
    const settings = this.opened.of(recurring.queue);
    // It may have had another queue before.
    const others = [...this.settings.keys()].filter((name) => name !== recurring.queue);
    await Promise.all(others.map((name) => this.removeRecurring(name, recurring.name)));
    await this.opened.use(recurring.queue, (queue) =>
      setScheduler(queue, recurring, settings, this.shared.get(recurring.queue)),
    );
  }

  async removeRecurring(name: string, recurring: string): Promise<boolean> {
    return await this.opened.use(name, (queue) => queue.removeJobScheduler(recurring));
  }

  async recurring(): Promise<readonly Recurring[]> {
    const all = [...this.settings.keys()].map((name) =>
      this.opened.use(name, async (queue) =>
        (await queue.getJobSchedulers()).map((scheduler) => fromScheduler(scheduler, name, this.shared.get(name))),
      ),
    );
    return (await Promise.all(all)).flat();
  }

  work(
    queues: readonly string[],
    run: (job: TakenJob) => Promise<Outcome>,
    options: WorkOptions,
    events: WorkEvents,
  ): ProviderWorker {
    this.workers ??= this.connections.forWorkers();
    const served = queues.map((name) => this.opened.of(name));
    return new BullmqWorker(this.workers, this.prefix, served, run, options, events);
  }

  async close(): Promise<void> {
    await this.opened.close();
    this.client.disconnect();
    this.workers?.disconnect();
  }

  private toBullmq(job: NewJob) {
    return toBullmq(job, this.opened.of(job.queue), this.shared.get(job.queue));
  }
}

/** False: the job was taken, or taken out, just before. */
async function unlessRefused(action: Promise<unknown>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (refusalOf(error) !== undefined) return false;
    throw error;
  }
}

/** Why BullMQ, with nothing wrong with Redis, doesn't do it: the state of the job doesn't allow it. */
function refusalOf(error: unknown): ErrorCode | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : undefined;
}
