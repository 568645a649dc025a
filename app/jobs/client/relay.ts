import { setImmediate as nextTurn } from "node:timers/promises";
import type { Log } from "../log";
import type { Provider } from "../provider/provider";
import type { Store } from "../store/store";
import { BATCH, Bringing, LEASE } from "./bringing";

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
  const flushing = new Set<Promise<void>>();
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
      if (pending.length === 0) {
        const turn = nextTurn().then(flushPending);
        flushing.add(turn);
        void turn.finally(() => flushing.delete(turn));
      }
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
      await Promise.all(flushing);
      await bringing.settled();
    },
  };
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
