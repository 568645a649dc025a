import { setTimeout as sleep } from "node:timers/promises";
import { debug, reason } from "../log";
import type { GivenUpJob, Outcome, TakenJob } from "../provider/provider";
import { type Store, StoreUnavailable, type Task } from "../store/store";
import { decode, encode } from "../table/payload";
import type { Keys } from "../table/secrets";
import type { AnyJob } from "../table/types";

/** Milliseconds between two tries to tell a task database that can't be reached. */
const RETRY_MS = 1000;
/** Milliseconds between two looks at a task that somebody else runs. */
const ELSEWHERE_MS = 500;
const detail = debug("records");

/**
 * What the task database is told of a run. While it can't be reached, a worker waits, until it has to end (`stop`); a caller
 * that runs a job itself has no such signal, and somebody who waits for an answer: it gets the StoreUnavailable.
 */
export class Records {
  constructor(
    private readonly store: Store,
    private readonly keys: Keys,
  ) {}

  /**
   * Notes the start. Where somebody runs the task outside of the queue, it waits for what comes of that.
   *
   * @returns what became of the task, where it has come to its end, or this worker has
   */
  async begin(job: AnyJob, taken: TakenJob): Promise<Outcome | undefined> {
    const { id, attempt, signal } = taken;
    while (!signal.aborted) {
      const begun = await this.insist(signal, async () => {
        if (await this.store.start(id, attempt)) return { outcome: undefined };
        const task = await this.store.find(id);
        if (!task) await this.adopt(job, taken);
        else if (task.finishedAt === null) await sleep(ELSEWHERE_MS, undefined, { signal }).catch(() => {});
        else return { outcome: outcomeOf(task) };
        return undefined;
      });
      if (begun) return begun.outcome;
    }
    return { kind: "handed back" };
  }

  async complete(id: string, result: string | null, stop?: AbortSignal): Promise<void> {
    await this.insist(stop, () => this.store.complete(id, result));
  }

  async cancelled(id: string, stop?: AbortSignal): Promise<void> {
    await this.insist(stop, () => this.store.cancelled(id));
  }

  /** Failed for good. The letter first: should this process die in between, the job runs again, and nothing is lost. */
  async dead(job: GivenUpJob, tracked: boolean, error: string, stop?: AbortSignal): Promise<void> {
    const { id, type, queue, payload, attempt } = job;
    await this.insist(stop, async () => {
      await this.store.bury({ id, type, queue, payload, reason: error, attempts: attempt, failedAt: Date.now() });
      if (tracked) await this.store.fail(id, error);
    });
  }

  /** Waits for its next run. @returns what became of the task, where that won't come */
  async again(
    id: string,
    error: string | null,
    runAt: number | null,
    stop?: AbortSignal,
  ): Promise<Outcome | undefined> {
    return await this.insist(stop, async () => {
      if (await this.store.again(id, error, runAt)) return undefined;
      return outcomeOf(await this.store.find(id));
    });
  }

  /** A job without a row: a recurring one, or one of another program or an older release. */
  private async adopt(job: AnyJob, taken: TakenJob): Promise<void> {
    const { id, type, queue, payload, priority, attempts, backoff } = taken;
    const digest = this.digest(job, payload);
    await this.store.adopt({
      ...{ id, type, queue, payload, digest, priority, attempts, backoff },
      orderKey: null,
      runAt: null,
    });
  }

  private digest(job: AnyJob, payload: string): string {
    try {
      return encode(job, decode(job, payload, this.keys) as never, this.keys).digest();
    } catch {
      // The run will say what is wrong with it.
      return "";
    }
  }

  private async insist<T>(stop: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || !stop || stop.aborted) throw error;
        detail(() => `waits for the task database: ${reason(error)}`);
        await sleep(RETRY_MS, undefined, { signal: stop }).catch(() => {});
      }
    }
  }
}

/** What the queue is told of a task that has come to its end elsewhere; undefined: it hasn't. */
function outcomeOf(task: Task | undefined): Outcome | undefined {
  switch (task?.status) {
    case "completed":
      return { kind: "completed", result: task.result };
    case "failed":
      return { kind: "failed", error: task.error ?? "", final: true };
    case "cancelled":
      return { kind: "failed", error: "cancelled", final: true };
    default:
      return undefined;
  }
}
