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
   * Has an effect in the task database exactly once, however often and wherever the job runs: queued, again, or in the
   * request. Effect and mark are one transaction: of callers at the same time one has the effect, the others wait for it. It should
   * be short, since it holds up all who write; for what happens elsewhere there is `deliver`.
   *
   * @param key default: the job's id
   * @returns what `effect` gave the first time, as JSON carries it
   */
  once<T>(effect: (transaction: Transaction) => Promise<T>, key?: string): Promise<T>;
  /**
   * Has an effect outside of the task database (a mail, a webhook) that takes its time: no transaction is open meanwhile. Of
   * callers at the same time one has it, the others wait for what it gives. It is marked afterwards; one that a kill meets between
   * the effect and its mark is had again, so it should carry its key along, by which the other side knows a repeat.
   *
   * @param key default: the job's id
   * @returns what `effect` gave the first time
   */
  deliver<T>(effect: (key: string) => Promise<T>, key?: string): Promise<T>;
  log(line: string): void;
}

/** Why a run's signal was aborted. */
export class Aborted extends Error {
  override name = "Aborted";
  constructor(readonly why: "cancelled" | "soft time limit" | "hard time limit" | "worker stops") {
    super(why);
  }
}
