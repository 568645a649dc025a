import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import { z } from "zod";
import type { Config } from "../config";
import { log, reason } from "../log";
import { confirmReservation } from "../reservations/confirm";
import type { Confirmations } from "../reservations/confirmations";
import { jobSchema, type ReservationJob } from "../reservations/reservation";
import { workerConnection } from "./connection";
import { QUEUES } from "./names";
import { OrderedWorker } from "./ordered-worker";

/** A lock lives this long without renewal: no other worker takes the job of one that is merely busy. */
const LOCK_MS = 5000;

/**
 * How often a dead worker's jobs are looked for. It takes two looks, and one that comes a millisecond early is skipped:
 * with 5 s between them, the job of a killed worker ran again after 10 s, and now and then after more than 15; with
 * this, after 5 to 10.
 */
const STALLED_CHECK_MS = 2500;

/**
 * How often a job may be taken from a dead worker. With BullMQ's 1 the second crash fails a job whatever `attempts` says
 * (bullmq #892); without an end, a job that kills its worker would do so for ever.
 */
const MAX_STALLED = 10;

/** The receiving side of the queues: runs jobs until it is stopped, through any absence of Redis. */
export class ReservationWorker {
  private readonly client;
  private readonly worker: Worker<ReservationJob> | OrderedWorker<ReservationJob>;
  private started = false;

  /** @param onFatal Called when BullMQ's loop has ended for good, which only a new process mends. */
  constructor(
    private readonly config: Config,
    private readonly confirmations: Confirmations,
    onFatal: (error: unknown) => void,
  ) {
    this.client = workerConnection(config);
    this.client.once("error", () => this.warnUnlessStarted());
    this.worker = this.serve(config.QUEUES.map((priority) => QUEUES[priority]));
    this.worker.waitUntilReady().then(
      () => {
        this.started = true;
        log("[Queue] ✅ Workers gestartet");
        log(`[Queue] Concurrency: ${config.QUEUE_CONCURRENCY} Jobs parallel`);
        log(`[Queue] Queues: ${config.QUEUES.join(", ")}`);
      },
      (error: unknown) => {
        if (!this.worker.closing) onFatal(error);
      },
    );
    this.narrateJobs();
  }

  /** Takes no more jobs and finishes the running ones; those that last longer than `ms` go back to the queue. */
  async stop(ms: number): Promise<void> {
    const limit = setTimeout(() => this.worker.cancelAllJobs("Worker wird beendet"), ms);
    await this.worker.close(this.client.status !== "ready");
    clearTimeout(limit);
    this.client.disconnect();
  }

  private serve(queues: readonly string[]) {
    const work = (job: Job<ReservationJob>, token: string | undefined, signal: AbortSignal | undefined) =>
      this.process(job, token, signal);
    const options = {
      connection: this.client,
      prefix: this.config.QUEUE_PREFIX,
      concurrency: this.config.QUEUE_CONCURRENCY,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_STALLED,
      // BullMQ's 15 s between two tries would add to every absence of Redis.
      runRetryDelay: 1000,
    };
    const [only, ...more] = queues;
    return only !== undefined && more.length === 0
      ? new Worker<ReservationJob>(only, work, options)
      : new OrderedWorker<ReservationJob>(queues, work, options);
  }

  private async process(job: Job<ReservationJob>, token: string | undefined, signal: AbortSignal | undefined) {
    const id = job.id ?? "";
    log(`[Reservation] Job ${id} gestartet (Versuch ${job.attemptsMade + 1})`);
    const parsed = jobSchema.safeParse(job.data);
    if (!parsed.success) throw new UnrecoverableError(`ungültige Daten: ${z.prettifyError(parsed.error)}`);
    try {
      const created = await confirmReservation(this.confirmations, id, parsed.data.reservation, {
        onProgress: (percent) => job.updateProgress(percent),
        paceMs: this.config.CONFIRMATION_PACE_MS,
        signal,
      });
      return { created };
    } catch (error) {
      if (!signal?.aborted) throw error;
      await job.moveToWait(token);
      log(`[Reservation] Job ${id} zurück in die Queue gelegt`);
      throw new WaitingError();
    }
  }

  private narrateJobs(): void {
    // Every fault of a connection also comes by here; the connection has told it already.
    this.worker.on("error", (error) => {
      if (this.client.status === "ready") log(`[Queue] Worker-Fehler: ${reason(error)}`);
    });
    this.worker.on("completed", (job, result: { created: boolean }) => {
      const took = (job.finishedOn ?? Date.now()) - (job.processedOn ?? job.timestamp);
      log(`[Reservation] Job ${job.id} fertig (${took} ms${result.created ? "" : ", war schon bestätigt"})`);
    });
    this.worker.on("failed", (job, error) => {
      log(`[Reservation] Job ${job?.id ?? "?"} fehlgeschlagen: ${reason(error)}`);
    });
    this.worker.on("stalled", (id) => log(`[Reservation] Job ${id} eines abgebrochenen Workers läuft noch einmal`));
  }

  private warnUnlessStarted(): void {
    if (this.started) return;
    log("[Queue] ⚠️ Redis nicht verfügbar - Workers werden nicht gestartet");
    log("[Queue] Stelle sicher, dass Redis läuft und die Verbindung korrekt konfiguriert ist");
  }
}
