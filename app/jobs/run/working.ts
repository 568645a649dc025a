import type { Working } from "../client/types";
import { type Log, reason } from "../log";
import type { Provider, TakenJob, WorkEvents } from "../provider/provider";
import type { Settings } from "../settings";
import { labelOf } from "../table/defaults";
import type { Table } from "../table/types";
import type { Executor } from "./executor";
import { Wear } from "./wear";

export interface WorkingOptions {
  readonly table: Table;
  readonly settings: Settings;
  readonly provider: Provider;
  readonly executor: Executor;
  /** In order of priority, where the table has them in one ordered group. */
  readonly queues: readonly string[];
  readonly log: Log;
}

/** Takes jobs of these queues, now or as soon as the queue's server is there, until it is stopped. */
export function startWorking({ table, settings, provider, executor, queues, log }: WorkingOptions): Working {
  const groups = groupsOf(table, queues);
  const failed = Promise.withResolvers<Error>();
  const wear = new Wear(settings);
  const told = { ready: 0, away: false };
  const events: WorkEvents = {
    ready: () => {
      told.ready += 1;
      if (told.ready < groups.length) return;
      log("[Queue] ✅ Workers gestartet");
      log(`[Queue] Concurrency: ${settings.concurrency} Jobs parallel`);
      log(`[Queue] Queues: ${queues.join(", ")}`);
    },
    away: (server) => {
      if (told.away) return;
      told.away = true;
      log(`[Queue] ⚠️ ${server} nicht verfügbar - Workers werden nicht gestartet`);
      log(`[Queue] Stelle sicher, dass ${server} läuft und die Verbindung korrekt konfiguriert ist`);
    },
    stalled: (id, queue) => log(`[${labelOf(table, queue)}] Job ${id} eines abgebrochenen Workers läuft noch einmal`),
    gaveUp: (job, error) => {
      executor.gaveUp(job, error).catch((fault: unknown) => log(`[Queue] Worker-Fehler: ${reason(fault)}`));
    },
    error: (error) => log(`[Queue] Worker-Fehler: ${reason(error)}`),
    fatal: failed.resolve,
  };
  const run = (job: TakenJob) => executor.run(job);
  const workers = groups.map((group) =>
    provider.work(group, wear.counts ? wear.counting(run) : run, { concurrency: settings.concurrency }, events),
  );
  return {
    recycle: wear.worn,
    failed: failed.promise,
    stop: async (ms) => {
      await Promise.all(workers.map((worker) => worker.stop(ms)));
      await executor.close();
    },
  };
}

/** The ordered groups as far as they are wanted, in the order wanted, and each other queue by itself. */
function groupsOf({ ordered = [] }: Table, queues: readonly string[]): readonly (readonly string[])[] {
  const groups = ordered.map((group) => queues.filter((queue) => group.includes(queue)));
  const alone = queues.filter((queue) => !ordered.some((group) => group.includes(queue)));
  return [...groups.filter((group) => group.length > 0), ...alone.map((queue) => [queue])];
}
