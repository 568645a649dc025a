import { setTimeout as sleep } from "node:timers/promises";
import { type Store, StoreUnavailable, type Transaction } from "../store/store";

/** Milliseconds after which a process that has died gives an effect free that it was having. */
const CLAIM_MS = 10_000;
/** Milliseconds between two looks at an effect that somebody else is having. */
const LOOK_MS = 500;

/** Milliseconds in which an effect that was had is tried to be noted, while the task database is away. */
const NOTE_MS = 30_000;

/** The run that wants an effect. */
export interface Wanting {
  readonly signal: AbortSignal;
  /** Whether it counts still. */
  live(): boolean;
}

/** Effects that are had once, by marks in the task database. What they give is kept as JSON: a repeat gets the very same. */
export class Effects {
  constructor(private readonly store: () => Promise<Store>) {}

  async once<T>(key: string, effect: (transaction: Transaction) => Promise<T>): Promise<T> {
    const store = await this.store();
    const kept = await store.transaction(async (transaction) => {
      const mark = await store.mark(key, transaction);
      if (!mark.first) return mark.result;
      const result = toJson(await effect(transaction));
      await store.noteResult(key, result, transaction);
      return result;
    });
    return fromJson(kept);
  }

  /** A job may run twice at a time, where its worker lost its lock: who comes second waits for what the first one gets. */
  async deliver<T>(key: string, effect: (key: string) => Promise<T>, { signal, live }: Wanting): Promise<T> {
    const store = await this.store();
    for (;;) {
      const claim = await store.claimEffect(key, CLAIM_MS);
      if (claim === "mine") break;
      if (claim !== "taken") return fromJson(claim.result);
      await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    const renewing = setInterval(() => {
      if (live()) store.renewEffect(key, CLAIM_MS).catch(() => {});
    }, CLAIM_MS / 3).unref();
    try {
      const result = await this.had(store, key, effect, live);
      return fromJson(await this.note(store, key, result, signal));
    } finally {
      clearInterval(renewing);
    }
  }

  /** What isn't noted is had again. */
  private async note(store: Store, key: string, result: string | null, signal: AbortSignal): Promise<string | null> {
    const until = Date.now() + NOTE_MS;
    for (;;) {
      try {
        return await store.noteEffect(key, result);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || signal.aborted || Date.now() > until) throw error;
        await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  private async had<T>(store: Store, key: string, effect: (key: string) => Promise<T>, live: () => boolean) {
    try {
      return toJson(await effect(key));
    } catch (error) {
      // Otherwise its claim ends by itself.
      if (live()) await store.releaseEffect(key).catch(() => {});
      throw error;
    }
  }
}

/** Undefined, as JSON has it: null. */
export function toJson(value: unknown): string | null {
  return JSON.stringify(value) ?? null;
}

function fromJson<T>(json: string | null): T {
  return (json === null ? undefined : JSON.parse(json)) as T;
}
