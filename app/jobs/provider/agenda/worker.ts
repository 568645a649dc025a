import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { reason } from "../../log";
import { Aborted } from "../../run/execution";
import type { Outcome, ProviderWorker, QueueSettings, TakenJob, WorkEvents, WorkOptions } from "../provider";
import type { Link } from "./link";
import { after, failure } from "./outcome";
import { RateLimit } from "./rate-limit";
import { type Entry, type Patch, type Shelf, toAgendaPriority } from "./shelf";

/** A lock lives this long without renewal: then another worker runs the job again. */
const LOCK_MS = 5000;
/** Without a word that there is something, it is looked for as often, in milliseconds. */
const LOOK_MS = 500;
/** How often a job may be taken from a dead worker: one that kills its worker would do so for ever. */
const MAX_STALLED = 10;
/** Finished jobs are tidied up as often, in milliseconds: while jobs end, and otherwise. */
const TRIM_MS = 1000;
const IDLE_TRIM_MS = 30_000;

export interface AgendaQueue extends QueueSettings {
  /** Of its jobs, in Agenda. */
  readonly jobs: string;
  /** Of the permits of its rate limit, in Agenda. */
  readonly permits: string;
}

/** What a worker has from the provider. */
export interface Source {
  readonly shelf: Shelf;
  readonly link: Link;
  /** What the queues that are paused are stored as. */
  paused(): Promise<ReadonlySet<string>>;
  /** Makes the recurring jobs that are due. */
  makeDue(holder: string, lockMs: number): Promise<void>;
}

interface Held {
  readonly queue: AgendaQueue;
  readonly entry: Entry;
  readonly abort: AbortController;
  /** Of this run: whoever takes the job after that has another. */
  holder: string;
}

/**
 * Takes jobs of its queues in order. Agenda's own processor knows neither an order of queues nor pauses and limits that hold for
 * all processes, and takes by time before priority; so the loop is here, on Agenda's backend.
 */
export class AgendaWorker implements ProviderWorker {
  private readonly id = randomUUID();
  private readonly held = new Set<Held>();
  private readonly renewal: NodeJS.Timeout;
  private readonly loop: Promise<void>;
  private readonly ended: Promise<void>[] = [];
  private readonly limits: ReadonlyMap<AgendaQueue, RateLimit>;
  private takes = 0;
  private stopping = false;
  private ready = false;
  private saidAway = false;
  private wake = () => {};
  private trimmedAt = 0;
  private jobsEnded = false;

  constructor(
    private readonly queues: readonly AgendaQueue[],
    private readonly source: Source,
    private readonly work: (job: TakenJob) => Promise<Outcome>,
    private readonly options: WorkOptions,
    private readonly events: WorkEvents,
  ) {
    const { shelf, link } = source;
    this.limits = new Map(queues.map((queue) => [queue, new RateLimit(shelf, link, queue)]));
    this.renewal = setInterval(() => void this.renew(), LOCK_MS / 3);
    this.loop = this.serve();
  }

  /** There may be something to take of these jobs. */
  notice(jobs: string): void {
    if (this.queues.some((queue) => queue.jobs === jobs)) this.wake();
  }

  async stop(ms: number): Promise<void> {
    this.stopping = true;
    this.wake();
    const limit = setTimeout(() => {
      for (const { abort } of this.held) abort.abort(new Aborted("worker stops"));
    }, ms);
    await this.loop;
    await Promise.all(this.ended);
    clearTimeout(limit);
    clearInterval(this.renewal);
  }

  private async serve(): Promise<void> {
    while (!this.stopping) {
      const heard = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      const taken = this.held.size < this.options.concurrency && (await this.next());
      if (taken && this.stopping) await this.note(taken, { lockedAt: null });
      else if (taken) this.start(taken);
      else await Promise.race([heard, sleep(LOOK_MS)]);
    }
  }

  private async next(): Promise<Held | undefined> {
    try {
      await this.tidy();
      await this.source.makeDue(this.id, LOCK_MS);
      const paused = await this.source.paused();
      if (!this.ready) this.events.ready?.();
      this.ready = true;
      for (const queue of this.queues) {
        const taken = paused.has(queue.storedAs) ? undefined : await this.takeFrom(queue);
        if (taken || this.stopping) return taken;
      }
    } catch (error) {
      // A server that is away is told by the link.
      if (this.source.link.reachable) this.events.error?.(error as Error);
      else if (!this.ready && !this.saidAway) {
        this.saidAway = true;
        this.events.away?.(this.source.link.label);
      }
    }
    return undefined;
  }

  private async takeFrom(queue: AgendaQueue): Promise<Held | undefined> {
    const { shelf, link } = this.source;
    this.takes += 1;
    const holder = `${this.id}:${this.takes}`;
    const permit = await this.limits.get(queue)?.permit(holder, LOCK_MS);
    if (permit === undefined) return undefined;
    const now = Date.now();
    const taken = await link.use(() => shelf.take(queue.jobs, now, now - LOCK_MS, holder));
    await permit.end(taken !== undefined);
    if (!taken) return undefined;
    const { entry } = taken;
    const mine = [...this.held].find((held) => held.queue === queue && held.entry.data.id === entry.data.id);
    if (mine) {
      // It still runs here; the server was away for longer than its lock lives.
      mine.holder = holder;
      return undefined;
    }
    const held = { queue, entry, abort: new AbortController(), holder };
    return taken.expired ? await this.again(held) : held;
  }

  /** A job whose worker died. */
  private async again(held: Held): Promise<Held | undefined> {
    const { queue, entry } = held;
    const data = { ...entry.data, stalled: entry.data.stalled + 1 };
    if (data.stalled > MAX_STALLED) {
      const error = `its worker died ${data.stalled} times`;
      await this.change(held, failure(entry, error, true));
      const { id, type, payload } = data;
      this.events.gaveUp?.({ id, queue: queue.name, type, payload, attempt: entry.failCount + 1 }, error);
      return undefined;
    }
    await this.change(held, { data });
    this.events.stalled?.(data.id, queue.name);
    return { ...held, entry: { ...entry, data } };
  }

  private start(held: Held): void {
    this.held.add(held);
    const end = this.run(held).finally(() => {
      this.jobsEnded = true;
      this.held.delete(held);
      this.ended.splice(this.ended.indexOf(end), 1);
      this.wake();
    });
    this.ended.push(end);
  }

  private async run(held: Held): Promise<void> {
    const { queue, entry, abort } = held;
    const { id, type, payload, attempts, backoff, runAt, createdAt } = entry.data;
    const progress = async (percent: number) => {
      await this.change(held, { progress: percent });
    };
    const attempt = entry.failCount + 1;
    const due = { dueAt: runAt ?? createdAt, readyAt: entry.nextRunAt };
    const job = { id, queue: queue.name, type, payload, attempt, attempts, backoff, ...due };
    const priority = toAgendaPriority(entry.priority);
    const outcome = await this.work({ ...job, priority, progress, signal: abort.signal }).catch(
      (error): Outcome => ({ kind: "failed", error: reason(error), final: false }),
    );
    await this.note(held, after(entry, outcome));
  }

  /** As long as the lock lives, since whoever takes the job after that runs it again. */
  private async note(held: Held, patch: Patch): Promise<void> {
    for (const end = Date.now() + LOCK_MS; ; await sleep(LOOK_MS)) {
      try {
        if (!(await this.change(held, patch))) throw new LockLost(held.entry.data.id);
        return;
      } catch (error) {
        if (!(error instanceof LockLost) && Date.now() < end) continue;
        this.events.error?.(error as Error);
        return;
      }
    }
  }

  private change({ queue, entry, holder }: Held, patch: Patch): Promise<boolean> {
    const { shelf, link } = this.source;
    return link.use(() => shelf.change(queue.jobs, entry.data.id, { heldBy: holder }, patch));
  }

  private async renew(): Promise<void> {
    const renewals = [...this.held].map((held) => this.change(held, { lockedAt: Date.now() }));
    // What can't be renewed now is renewed at the next turn, or runs again elsewhere.
    await Promise.allSettled(renewals);
  }

  private async tidy(): Promise<void> {
    const now = Date.now();
    if (now - this.trimmedAt < (this.jobsEnded ? TRIM_MS : IDLE_TRIM_MS)) return;
    this.trimmedAt = now;
    this.jobsEnded = false;
    const { shelf, link } = this.source;
    for (const { jobs, keepCompleted, keepFailed } of this.queues) {
      await link.use(() => shelf.trim(jobs, "completed", now - keepCompleted.age * 1000, keepCompleted.count));
      await link.use(() => shelf.trim(jobs, "failed", now - keepFailed.age * 1000, keepFailed.count));
    }
  }
}

class LockLost extends Error {
  constructor(id: string) {
    super(`the lock of job ${id} was lost before its end could be noted: another worker has it`);
  }
}
