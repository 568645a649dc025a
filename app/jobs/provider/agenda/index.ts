import { type Log, log as toStdout } from "../../log";
import type { Settings } from "../../settings";
import type { Table } from "../../table/types";
import type { NewJob, Provider, ProviderWorker, QueuedJob, Recurring } from "../provider";
import { queueSettings } from "../queue-settings";
import { Link } from "./link";
import { MongoShelf } from "./mongo";
import { PostgresShelf } from "./postgres";
import { Recurrences } from "./recurring";
import { RedisShelf } from "./redis";
import { newEntry, type Shelf, toAgendaPriority, toQueuedJob } from "./shelf";
import { type AgendaQueue, AgendaWorker, type Source } from "./worker";

/** Jobs that one step stores: the time that a step may take is for so many. */
const CHUNK = 200;

/** Recurring jobs that are due are looked for as often, in milliseconds. */
const DUE_MS = 250;

/** Queues in Agenda, on the backend that the settings say. */
export function openAgenda(table: Table, settings: Settings, log: Log = toStdout): Provider {
  return new AgendaProvider(table, settings, openShelf(settings), log);
}

function openShelf(settings: Settings): Shelf {
  const { backend, mongoUrl, collection } = settings.agenda;
  switch (backend) {
    case "postgres":
      return new PostgresShelf(settings.databaseUrl ?? "");
    case "redis":
      return new RedisShelf(settings);
    case "mongo":
      return new MongoShelf(mongoUrl, collection);
    default:
      return backend satisfies never;
  }
}

class AgendaProvider implements Provider {
  readonly name = "agenda";
  private readonly link: Link;
  private readonly byName: ReadonlyMap<string, AgendaQueue>;
  private readonly recurrences: Recurrences;
  private readonly workers = new Set<AgendaWorker>();
  private lookedForDue = 0;
  /** Of the entries that stand for paused queues. */
  private readonly pauses: string;

  constructor(
    table: Table,
    { prefix }: Settings,
    private readonly shelf: Shelf,
    log: Log,
  ) {
    this.link = new Link(shelf, log);
    const names = [...queueSettings(table).values()].map((queue) => ({
      ...queue,
      jobs: `${prefix}:${queue.storedAs}`,
      permits: `${prefix}:${queue.storedAs}:permits`,
    }));
    this.byName = new Map(names.map((queue) => [queue.name, queue]));
    this.pauses = `${prefix}:queuehost:paused`;
    this.recurrences = new Recurrences(shelf, this.link, `${prefix}:queuehost:recurring`, (job) => this.add([job]));
    shelf.subscribe((jobs) => {
      for (const worker of this.workers) worker.notice(jobs);
    });
  }

  get settled(): Promise<void> {
    return this.link.settled;
  }

  async answers(): Promise<boolean> {
    return await this.link
      .use(() => this.shelf.ping())
      .then(
        () => true,
        () => false,
      );
  }

  async add(jobs: readonly NewJob[]): Promise<void> {
    const entries = jobs.map(({ queue, priority, runAt, ...job }) =>
      newEntry(this.queue(queue).jobs, { ...job, runAt }, runAt ?? Date.now(), toAgendaPriority(priority)),
    );
    for (let at = 0; at < entries.length; at += CHUNK) {
      await this.link.use(() => this.shelf.add(entries.slice(at, at + CHUNK)));
    }
    await this.announce(new Set(entries.map(({ name }) => name)));
  }

  async find(queue: string, id: string): Promise<QueuedJob | undefined> {
    const { jobs } = this.queue(queue);
    const entry = await this.link.use(() => this.shelf.get(jobs, id));
    return entry && toQueuedJob(entry, queue, Date.now());
  }

  async list(
    queue: string,
    statuses: readonly QueuedJob["status"][],
    limit: number,
    offset: number,
  ): Promise<readonly QueuedJob[]> {
    const { jobs } = this.queue(queue);
    const now = Date.now();
    const counts = await this.link.use(() => this.shelf.counts(jobs, now));
    const found: QueuedJob[] = [];
    let skip = offset;
    for (const status of statuses) {
      const left = limit - found.length;
      if (skip < counts[status] && left > 0) {
        const entries = await this.link.use(() => this.shelf.page(jobs, status, now, left, skip));
        found.push(...entries.map((entry) => toQueuedJob(entry, queue, now)));
      }
      skip = Math.max(0, skip - counts[status]);
    }
    return found;
  }

  async counts(queue: string) {
    const { jobs, storedAs } = this.queue(queue);
    const counts = await this.link.use(() => this.shelf.counts(jobs, Date.now()));
    const paused = await this.link.use(() => this.shelf.get(this.pauses, storedAs));
    return { ...counts, paused: paused !== undefined };
  }

  async remove(queue: string, id: string): Promise<"removed" | "active" | "unknown"> {
    const { jobs } = this.queue(queue);
    return await this.link.use(() => this.shelf.delete(jobs, id));
  }

  async setPriority(queue: string, id: string, priority: number): Promise<boolean> {
    const { jobs } = this.queue(queue);
    const patch = { priority: toAgendaPriority(priority) };
    return await this.link.use(() => this.shelf.change(jobs, id, "pending", patch));
  }

  async retry(queue: string, id: string): Promise<boolean> {
    const { jobs } = this.queue(queue);
    const entry = await this.link.use(() => this.shelf.get(jobs, id));
    if (!entry) return false;
    const { nextRunAt, data } = newEntry(jobs, entry.data);
    const again = { nextRunAt, failedAt: null, failCount: 0, failReason: null, progress: 0, lastFinishedAt: null };
    const patch = { ...again, data: { ...entry.data, order: data.order, stalled: 0 } };
    const done = await this.link.use(() => this.shelf.change(jobs, id, "failed", patch));
    if (done) await this.announce([jobs]);
    return done;
  }

  async pause(queue: string): Promise<void> {
    const { storedAs } = this.queue(queue);
    await this.link.use(() => this.shelf.add([newEntry(this.pauses, { id: storedAs, type: "pause" })]));
  }

  async resume(queue: string): Promise<void> {
    const { storedAs, jobs } = this.queue(queue);
    await this.link.use(() => this.shelf.delete(this.pauses, storedAs));
    await this.announce([jobs]);
  }

  async setRecurring(recurring: Recurring): Promise<void> {
    this.queue(recurring.queue);
    await this.recurrences.set(recurring);
  }

  async removeRecurring(queue: string, name: string): Promise<boolean> {
    return await this.recurrences.remove(queue, name);
  }

  async recurring(): Promise<readonly Recurring[]> {
    return await this.recurrences.list();
  }

  work(...[queues, run, options, events]: Parameters<Provider["work"]>): ProviderWorker {
    const { shelf, link } = this;
    const source: Source = {
      shelf,
      link,
      paused: async () => {
        const entries = await link.use(() => shelf.page(this.pauses, "waiting", Date.now(), this.byName.size, 0));
        return new Set(entries.map(({ data }) => data.id));
      },
      // Any worker can do it for all of this process.
      makeDue: async (holder, lockMs) => {
        if (Date.now() - this.lookedForDue < DUE_MS) return;
        this.lookedForDue = Date.now();
        await this.recurrences.makeDue(holder, lockMs);
      },
    };
    const served = queues.map((queue) => this.queue(queue));
    const worker = new AgendaWorker(served, source, run, options, events);
    this.workers.add(worker);
    return {
      stop: async (ms) => {
        await worker.stop(ms);
        this.workers.delete(worker);
      },
    };
  }

  async close(): Promise<void> {
    this.link.close();
    await this.shelf.close().catch(() => {});
  }

  private queue(name: string): AgendaQueue {
    const queue = this.byName.get(name);
    if (!queue) throw new Error(`queue: should be one of ${[...this.byName.keys()].join(", ")}, got ${name}`);
    return queue;
  }

  /** Workers look by themselves, so one that didn't hear is merely later. */
  private async announce(names: Iterable<string>): Promise<void> {
    for (const name of names) await this.shelf.publish(name).catch(() => {});
  }
}
