import { type Log, reason } from "../log";
import { type NewJob, type Provider, QueueUnavailable } from "../provider/provider";
import type { Outgoing, Store, Task } from "../store/store";

/** Tasks that are brought to the queue in one call. */
const BATCH = 500;
/** Milliseconds that a relay has for a batch before another one takes it as well, which adds nothing. */
const LEASE = 5000;
/** Milliseconds between two looks, while tasks have to get to the queue, and while none has. */
const PACE = { busy: 1000, idle: 5000 };
/** Milliseconds before a queue that is away is tried again: the first time, and at most. */
const BACK_OFF = { first: 500, most: 10_000 };

/** What became of tasks that were to be brought to the queue at once. */
export interface Flushed {
  readonly sent: readonly string[];
  /** The queue is away: they may be run here. They go there by themselves otherwise. */
  readonly unavailable: readonly string[];
  /** An earlier task of their order key is unfinished, or somebody else is at it. They go there by themselves. */
  readonly held: readonly string[];
}

/** Brings tasks from the outbox to the queue, until it is stopped. */
export interface Relay {
  /** There may be something to bring. */
  wake(): void;
  /** Brings these at once; what is asked for in the same turn goes in one call. Never rejects. */
  flush(ids: readonly string[]): Promise<Flushed>;
  /** Finishes what it is at. */
  stop(): Promise<void>;
}

interface Options {
  readonly store: Store;
  readonly provider: Provider;
  readonly log: Log;
}

/**
 * Starts the relay of this process. Any number of processes may have one: they claim different tasks. A task is forgotten after
 * the queue has it; should a process die in between, it is added once more, which adds nothing, since its id is the same.
 */
export function startRelay({ store, provider, log }: Options): Relay {
  const bringing = new Bringing(store, provider, log);
  let pending: { readonly id: string; done(kind: keyof Flushed): void }[] = [];
  let stopping = false;
  const alarm = new Alarm();

  const flushPending = async () => {
    const batch = pending;
    pending = [];
    const kinds = new Map<string, keyof Flushed>();
    for (let start = 0; start < batch.length; start += BATCH) {
      const ids = batch.slice(start, start + BATCH).map(({ id }) => id);
      // What can't be claimed, for whatever reason, the loop brings.
      const claimed = await store.claimOutgoing(ids.length, LEASE, ids).catch(() => []);
      const { sent, unavailable } = await bringing.bring(claimed);
      for (const { task } of sent) kinds.set(task.id, "sent");
      for (const { task } of unavailable) kinds.set(task.id, "unavailable");
    }
    for (const { id, done } of batch) done(kinds.get(id) ?? "held");
  };

  const loop = async () => {
    for (let backOff = 0; !stopping; ) {
      const pace = await bringing.round().catch(() => "away" as const);
      if (pace === "more") continue;
      if (pace === "away") {
        backOff = Math.min(Math.max(BACK_OFF.first, backOff * 2), BACK_OFF.most);
        await alarm.wait(backOff);
      } else {
        if (backOff > 0) bringing.report();
        backOff = 0;
        await alarm.wait(PACE[pace]);
      }
    }
  };

  store.onKeyFree(() => alarm.ring());
  const looping = loop();
  return {
    wake: () => alarm.ring(),
    flush: async (ids) => {
      if (pending.length === 0) setImmediate(() => void flushPending());
      const flushed = { sent: [] as string[], unavailable: [] as string[], held: [] as string[] };
      const all = ids.map(async (id) => {
        const kind = await new Promise<keyof Flushed>((done) => pending.push({ id, done }));
        flushed[kind].push(id);
      });
      await Promise.all(all);
      return flushed;
    },
    stop: async () => {
      stopping = true;
      alarm.ring();
      await looping;
      await bringing.settled();
    },
  };
}

/** One batch after another, from the outbox to the queue. */
class Bringing {
  /** Tasks that the queue refuses, whichever it is: told once. */
  private readonly refused = new Set<string>();
  private readonly forgetting = new Set<Promise<void>>();
  /** By rounds, since the queue was away. */
  private late = 0;

  constructor(
    private readonly store: Store,
    private readonly provider: Provider,
    private readonly log: Log,
  ) {}

  /** Takes the oldest ones. @returns how it goes on */
  async round(): Promise<"more" | "busy" | "idle" | "away"> {
    const claimed = await this.store.claimOutgoing(BATCH, LEASE);
    const { sent, unavailable } = await this.bring(claimed);
    this.late += sent.length;
    if (unavailable.length > 0) return "away";
    if (claimed.length === BATCH) return "more";
    return (await this.store.outgoing()) > 0 ? "busy" : "idle";
  }

  /** The queue is there again. */
  report(): void {
    if (this.late > 0) this.log(`[Queue Service] ${this.late} gespeicherte Jobs zur Queue gebracht`);
    this.late = 0;
  }

  async bring(claimed: readonly Outgoing[]): Promise<{ sent: readonly Outgoing[]; unavailable: readonly Outgoing[] }> {
    if (claimed.length === 0) return { sent: [], unavailable: [] };
    try {
      await this.add(claimed);
      this.forget(claimed);
      return { sent: claimed, unavailable: [] };
    } catch (error) {
      if (error instanceof QueueUnavailable) {
        // The claims end by themselves where the database is away too.
        await this.store.release(claimed).catch(() => {});
        return { sent: [], unavailable: claimed };
      }
      const [first] = claimed;
      if (first && claimed.length === 1) {
        this.refuse(first.task, error);
        return { sent: [], unavailable: [] };
      }
    }
    return await this.bringEach(claimed);
  }

  /** What is known to be in the queue is forgotten in the end. */
  async settled(): Promise<void> {
    await Promise.all(this.forgetting);
  }

  /** One of them is refused: the others needn't wait for it. */
  private async bringEach(claimed: readonly Outgoing[]) {
    const all = { sent: [] as Outgoing[], unavailable: [] as Outgoing[] };
    for (const one of claimed) {
      const { sent, unavailable } = await this.bring([one]);
      all.sent.push(...sent);
      all.unavailable.push(...unavailable);
    }
    return all;
  }

  private async add(claimed: readonly Outgoing[]): Promise<void> {
    for (const { task, again } of claimed) if (again) await this.provider.remove(task.queue, task.id);
    await this.provider.add(claimed.map(({ task }) => jobOf(task)));
  }

  /** Nobody waits for it: whoever enqueued knows already that the queue has it. */
  private forget(claimed: readonly Outgoing[]): void {
    const forgetting: Promise<void> = this.store
      .sent(claimed)
      .catch(() => {})
      .finally(() => this.forgetting.delete(forgetting));
    this.forgetting.add(forgetting);
  }

  /** It stays claimed for a while, and in the outbox: another release may know its queue. */
  private refuse({ id, type }: Task, error: unknown): void {
    if (this.refused.has(id)) return;
    this.refused.add(id);
    this.log(`[Queue Service] Job ${id} (${type}) kommt nicht in die Queue: ${reason(error)}`);
  }
}

/** A pause that can be cut short. */
class Alarm {
  private rung = false;
  private wakeUp: (() => void) | undefined;

  /** Also stops a pause that is about to begin. */
  ring(): void {
    this.rung = true;
    this.wakeUp?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wakeUp = undefined;
    this.rung = false;
  }
}

function jobOf({ id, queue, type, payload, priority, attempts, backoff, runAt }: Task): NewJob {
  return { id, queue, type, payload, priority, attempts, backoff, runAt };
}
