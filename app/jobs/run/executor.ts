import { OtherRelease, Unrecoverable } from "../errors";
import { debug, type Log, reason } from "../log";
import type { GivenUpJob, NewJob, Outcome, TakenJob } from "../provider/provider";
import type { Settings } from "../settings";
import { type Store, StoreUnavailable } from "../store/store";
import { labelOf } from "../table/defaults";
import type { AnyJob, Table } from "../table/types";
import { Cancelling } from "./cancelling";
import { type Carried, carryHere } from "./carry";
import { Effects } from "./effects";
import { Aborted } from "./execution";
import type { RunHooks } from "./hooks";
import { type Ended, limited } from "./limited";
import type { Send } from "./progress";
import { Records } from "./records";
import { Sandboxes } from "./sandboxes";

/** Characters of an error that are kept. */
const ERROR_LENGTH = 2000;
/** Milliseconds after which a job of another release goes to a worker again, and how long that is done. */
const OTHER_AGAIN_MS = 30_000;
const OTHER_FOR_MS = 24 * 60 * 60 * 1000;
const detail = debug("run");

export interface ExecutorOptions {
  readonly table: Table;
  readonly settings: Settings;
  readonly store: Store;
  readonly log: Log;
  readonly hooks: RunHooks;
  /** The file that a sandbox runs, which has to call `maybeRunSandbox`. Default: the one that this process was started with. */
  readonly sandboxEntry?: string;
}

/** The one way in which a job runs, whoever calls. */
export interface Executor {
  /** For workers. Never rejects. */
  run(taken: TakenJob): Promise<Outcome>;
  /**
   * Runs a job once in the caller. A tracked one that has attempts left goes to the queue when it fails.
   *
   * @returns false where somebody else has the task, or an earlier one of its order key is unfinished
   * @throws what the job throws
   */
  runHere(job: NewJob): Promise<boolean>;
  /** Notes that the provider has given a job up. */
  gaveUp(job: GivenUpJob, error: string): Promise<void>;
  /** Ends the sandboxes. */
  close(): Promise<void>;
}

export function createExecutor(options: ExecutorOptions): Executor {
  return new JobExecutor(options);
}

/** A job about to be run, by a worker or, where it has no signal, by the one who enqueued it. */
type Run = Pick<TakenJob, "id" | "type" | "queue" | "payload" | "attempt" | "attempts" | "backoff"> &
  Partial<Pick<TakenJob, "signal" | "progress" | "readyAt" | "dueAt">>;

class JobExecutor implements Executor {
  private readonly jobs: ReadonlyMap<string, AnyJob>;
  private readonly records: Records;
  private readonly cancelling: Cancelling;
  private readonly effects: Effects;
  private readonly sandboxes: Sandboxes;

  constructor(private readonly options: ExecutorOptions) {
    const { table, settings, store, sandboxEntry } = options;
    this.jobs = new Map(table.jobs.map((job) => [job.name, job]));
    this.records = new Records(store, settings.encryptionKeys);
    this.cancelling = new Cancelling(store);
    this.effects = new Effects(async () => store);
    this.sandboxes = new Sandboxes(settings, sandboxEntry ?? process.argv[1] ?? "");
  }

  async run(taken: TakenJob): Promise<Outcome> {
    const job = this.jobs.get(taken.type);
    const { id, type, queue, attempt, attempts } = taken;
    detail(() => `${type} ${id} taken from ${queue}, run ${attempt} of ${attempts}`);
    try {
      if (!job)
        return await this.failed(taken, true, new OtherRelease(`unbekannter Jobtyp ${JSON.stringify(taken.type)}`));
      const before = isTracked(job) ? await this.records.begin(job, taken) : undefined;
      return before ?? (await this.see(job, taken)).outcome;
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        // The job is still in the queue.
        this.tell(taken, `fehlgeschlagen: ${reason(error)}`);
        return { kind: "handed back" };
      }
      // The task database says no to how it began or ended.
      const failed: Outcome = { kind: "failed", error: messageOf(error), final: false };
      return await this.failed(taken, !job || isTracked(job), error).catch(() => failed);
    }
  }

  async runHere(wanted: NewJob): Promise<boolean> {
    const job = this.jobs.get(wanted.type);
    if (!job) throw new Error(`the table has no job type ${JSON.stringify(wanted.type)}`);
    if (isTracked(job) && !(await this.options.store.startHere(wanted.id))) return false;
    const { ended } = await this.see(job, { ...wanted, attempt: 1 });
    if (ended.kind === "failed") throw ended.error;
    if (ended.kind === "cancelled") throw new Aborted("cancelled");
    if (ended.kind === "handed back") throw new Aborted("worker stops");
    return true;
  }

  async gaveUp(job: GivenUpJob, error: string): Promise<void> {
    this.tell(job, `fehlgeschlagen: ${error}`);
    await this.records.dead(job, this.follows(job), error, new AbortController().signal);
  }

  async close(): Promise<void> {
    await this.sandboxes.close();
  }

  /** Runs a job, to whatever end, and notes that. */
  private async see(job: AnyJob, run: Run): Promise<{ ended: Ended; outcome: Outcome }> {
    const { type, queue, readyAt } = run;
    const { hooks } = this.options;
    this.chat(job, run, () => `gestartet (Versuch ${run.attempt})`);
    hooks.started?.({ type, queue });
    const startedAt = Date.now();
    const { ended, note } = await this.carry(job, run);
    const runMs = Date.now() - startedAt;
    const outcome = await this.conclude(job, run, ended);
    detail(() => `${type} ${run.id} noted as ${ended.kind}`);
    if (ended.kind === "completed")
      this.chat(job, run, () => `fertig (${runMs} ms${note === null ? "" : `, ${note}`})`);
    const given = outcome.kind === "handed back" || (outcome.kind === "failed" && !outcome.final);
    const again = ended.kind === "failed" && given;
    const waitMs = typeof readyAt === "number" ? Math.max(0, startedAt - readyAt) : undefined;
    hooks.ended?.({ type, queue, outcome: again ? "again" : ended.kind, waitMs, runMs });
    return { ended, outcome };
  }

  private async carry(job: AnyJob, run: Run): Promise<{ ended: Ended; note: string | null }> {
    const { settings, table, log } = this.options;
    const { id, type, queue, payload, attempt } = run;
    const tracked = isTracked(job);
    const send: Send = async (percent, message) => {
      detail(() => `${type} ${id} at ${percent} %`);
      await Promise.all([tracked && this.options.store.progress(id, percent, message), run.progress?.(percent)]);
    };
    const held = { id, type, payload, attempt, label: labelOf(table, queue) };
    const around = { keys: settings.encryptionKeys, effects: this.effects, log, send };
    const carried: Carried = job.sandboxed ? this.sandboxes.carry(held, send) : carryHere(job, held, around);
    const { soft, hard } = { ...settings.timeLimits, ...job.timeLimits };
    try {
      const ended = await limited(carried, { soft, hard }, run.signal, (cancel) => {
        if (tracked) this.cancelling.add(id, cancel);
      });
      return { ended, note: carried.note() };
    } finally {
      if (tracked) this.cancelling.remove(id);
    }
  }

  private async conclude(job: AnyJob, run: Run, ended: Ended): Promise<Outcome> {
    const { id, signal } = run;
    const tracked = isTracked(job);
    switch (ended.kind) {
      case "completed":
        if (tracked) await this.records.complete(id, ended.result, signal);
        return ended;
      case "failed":
        return await this.failed(run, tracked, ended.error);
      case "cancelled":
        await this.records.cancelled(id, signal);
        this.tell(run, "abgebrochen");
        return { kind: "failed", error: "cancelled", final: true };
      case "handed back": {
        const end = tracked ? await this.records.again(id, null, null, signal) : undefined;
        if (!end) this.tell(run, "zurück in die Queue gelegt");
        return end ?? ended;
      }
      default:
        return ended satisfies never;
    }
  }

  private async failed(run: Run, tracked: boolean, error: unknown): Promise<Outcome> {
    const { id, attempt, attempts, backoff, signal, dueAt } = run;
    const message = messageOf(error);
    this.tell(run, `fehlgeschlagen: ${message}`);
    if (isOthers(error) && dueAt !== undefined && Date.now() < dueAt + OTHER_FOR_MS) {
      const end = tracked ? await this.records.again(id, message, Date.now() + OTHER_AGAIN_MS, signal) : undefined;
      return end ?? { kind: "handed back", afterMs: OTHER_AGAIN_MS };
    }
    const final = attempt >= attempts || isFinal(error);
    if (final) {
      // Without a task and a worker there is the caller alone, who gets the error.
      if (tracked || signal) await this.records.dead(run, tracked, message, signal);
      return { kind: "failed", error: message, final };
    }
    const end = tracked
      ? await this.records.again(id, message, Date.now() + backoff * 2 ** (attempt - 1), signal)
      : undefined;
    return end ?? { kind: "failed", error: message, final };
  }

  private follows({ type }: GivenUpJob): boolean {
    const job = this.jobs.get(type);
    return job === undefined || isTracked(job);
  }

  private tell({ id, queue }: Pick<Run, "id" | "queue">, what: string): void {
    this.options.log(`[${labelOf(this.options.table, queue)}] Job ${id} ${what}`);
  }

  /** Of types that aren't tracked there may be thousands a second: that one ran is told to those who ask for details. */
  private chat(job: AnyJob, run: Run, what: () => string): void {
    if (isTracked(job)) this.tell(run, what());
    else detail(() => `${run.type} ${run.id} ${what()}`);
  }
}

const isTracked = (job: AnyJob): boolean => job.tracked !== false;

/** Also BullMQ's own, by which jobs may say so too. */
const isFinal = (error: unknown): boolean =>
  error instanceof Unrecoverable || (error instanceof Error && error.name === "UnrecoverableError");

/** By its name: it may come from a sandbox. */
const isOthers = (error: unknown): boolean => error instanceof Error && error.name === "OtherRelease";

const messageOf = (error: unknown): string => reason(error).slice(0, ERROR_LENGTH);
