import { setTimeout as sleep } from "node:timers/promises";
import { SettingsInvalid } from "../errors";
import { type Log, log as toStdout } from "../log";
import { openMetrics } from "../metrics";
import { openProvider } from "../provider/open";
import type { Provider } from "../provider/provider";
import { createExecutor } from "../run/executor";
import { startWorking } from "../run/working";
import type { Settings } from "../settings";
import { openStore } from "../store/open";
import type { Store } from "../store/store";
import type { Table } from "../table/types";
import { watchCommits } from "./commits";
import { Comparing } from "./comparing";
import type { Context } from "./context";
import { burying } from "./dead-letters";
import { deliver } from "./deliver";
import { Draining } from "./draining";
import { enqueueing } from "./enqueue";
import { looking } from "./look";
import { managing } from "./manage";
import { Pressure } from "./pressure";
import { repeating } from "./recurring";
import { startRelay } from "./relay";
import type { Jobs, Working } from "./types";
import { Watch } from "./watch";

/** How often what is too old is deleted from the task table, in milliseconds. */
const PRUNE_EVERY_MS = 60 * 60 * 1000;
/** Milliseconds that running jobs get to finish where the workers weren't stopped before. */
const DRAIN_MS = 20_000;
/** Milliseconds that the first try to reach the queue may take. */
const FIRST_TRY_MS = 2000;

/** What may be given instead of what the settings say. */
export interface Overrides {
  readonly store?: Store;
  readonly provider?: Provider;
  /** Takes the lines for whoever operates the process. Default stdout. */
  readonly log?: Log;
  /** What a sandboxed job's process runs, which has to call `maybeRunSandbox`. Default the file that this process runs. */
  readonly sandboxEntry?: string;
}

/**
 * Opens the task database and the queues of a table. Waits for the first try to reach the queue, 2 s at most; one that can't be
 * reached is tried again until it is there.
 *
 * @throws SettingsInvalid where the settings don't fit the table, or the task database can't be used; StoreUnavailable while
 *   PostgreSQL is away
 */
export async function openJobs(table: Table, settings: Settings, overrides: Overrides = {}): Promise<Jobs> {
  assertQueues(table, settings);
  const { log = toStdout } = overrides;
  const commits = watchCommits(overrides.store ?? (await openStore(settings)), async (jobs) => {
    // They are committed: what goes wrong from here on isn't the transaction's fault, and was told by the executor.
    await deliver(context, jobs).catch(() => {});
  });
  const { store } = commits;
  const provider =
    settings.enabled && !settings.eager ? (overrides.provider ?? openProvider(table, settings, log)) : undefined;
  const metrics = openMetrics(settings.stateDir, { table, store, provider });
  const executor = createExecutor({
    table,
    settings,
    store,
    log,
    hooks: metrics.hooks,
    ...(overrides.sandboxEntry !== undefined && { sandboxEntry: overrides.sandboxEntry }),
  });
  const relay = provider && startRelay({ store, provider, log });
  const draining = provider ? undefined : new Draining({ table, settings, store, executor });
  const comparing = provider && new Comparing({ store, provider, log, longestRun: longestRun(table, settings) });
  const pressure = new Pressure(table, store, provider);
  const context: Context = { table, settings, store, provider, executor, relay, pressure, log };

  const prune = () => void store.prune().catch(() => {});
  prune();
  const pruning = setInterval(prune, PRUNE_EVERY_MS).unref();
  const watch = new Watch(store);
  const started = new Set<Working>();
  let closing: Promise<void> | undefined;

  const close = async () => {
    clearInterval(pruning);
    watch.close();
    await Promise.all([...started].map((working) => working.stop(DRAIN_MS)));
    await draining?.stop();
    await comparing?.stop();
    await relay?.stop();
    await executor.close();
    await metrics.close();
    await provider?.close();
    await store.close();
  };

  // Otherwise the first jobs would find no queue though it is there.
  await Promise.race([provider?.settled, sleep(FIRST_TRY_MS, undefined, { ref: false })]);
  const management = managing(context);
  return {
    table,
    store,
    provider,
    settled: provider?.settled ?? Promise.resolve(),
    ...enqueueing(context, commits),
    ...repeating(context),
    ...looking(context),
    ...management,
    ...burying(context, management.retry),
    metrics: metrics.render,
    watch: watch.watch,
    work(queues = settings.queues ?? Object.keys(table.queues)) {
      if (!provider) throw new SettingsInvalid(["QUEUE_ENABLED: should be true, and QUEUE_EAGER false, to take jobs"]);
      metrics.working();
      const working = startWorking({ table, settings, provider, executor, queues, log });
      started.add(working);
      return working;
    },
    shutdown() {
      closing ??= close();
      return closing;
    },
  };
}

/** In milliseconds. */
function longestRun({ jobs }: Table, { timeLimits }: Settings): number {
  return Math.max(...jobs.map((job) => (job.timeLimits?.hard ?? timeLimits.hard) * 1000));
}

function assertQueues(table: Table, { queues = [] }: Settings): void {
  const unknown = queues.filter((name) => !Object.hasOwn(table.queues, name));
  if (unknown.length === 0) return;
  const known = Object.keys(table.queues).join(", ");
  throw new SettingsInvalid([`QUEUES: should be some of ${known}, got ${unknown.join(", ")}`]);
}
