import type { Transaction } from "../store/store";

/** What a job's `run` is given beside its payload. */
export interface Execution {
  readonly id: string;
  readonly type: string;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Aborts at the soft time limit, when the job is cancelled, and when the worker has to end: `reason` is an `Aborted`. */
  readonly signal: AbortSignal;
  /** Percent from 0 to 100, and what is being done. Cheap: what comes too fast is passed on at intervals. */
  progress(percent: number, message?: string): Promise<void>;
  /**
   * Has an effect at most once, however often and wherever the job runs: queued, again, or in the request. With a
   * transaction of the task database, effect and mark are one; anything outside of it (a mail, a webhook) that a kill meets
   * between the effect and its mark is done again, so it should carry `key` along.
   *
   * @param key default: the job's id
   * @returns what `effect` gave the first time
   */
  once<T>(effect: (transaction: Transaction) => Promise<T>, key?: string): Promise<T>;
  log(line: string): void;
}

/** Why a run's signal was aborted. */
export class Aborted extends Error {
  override name = "Aborted";
  constructor(readonly why: "cancelled" | "soft time limit" | "hard time limit" | "worker stops") {
    super(why);
  }
}
