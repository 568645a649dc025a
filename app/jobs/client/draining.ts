import type { Executor } from "../run/executor";
import type { Settings } from "../settings";
import type { Store } from "../store/store";
import type { Table } from "../table/types";

/** Milliseconds between two looks. */
const EVERY_MS = 5000;
/** Milliseconds after a key came free in which whoever enqueued its next task may run that himself. */
const FREE_MS = 200;

interface Options {
  readonly table: Table;
  readonly settings: Settings;
  readonly store: Store;
  readonly executor: Executor;
}

/**
 * Without a queue, runs here what was left by those who enqueued it: a task whose order key was taken then, or whose process died.
 * What waits for its time, or for a worker, waits until there is a queue.
 */
export class Draining {
  private readonly types: readonly string[];
  private readonly timer: NodeJS.Timeout;
  private soon: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: Options) {
    const { table, store } = options;
    this.types = table.jobs
      .filter(({ tracked, fallback }) => tracked !== false && fallback !== false)
      .map(({ name }) => name);
    this.timer = setInterval(() => this.begin(), EVERY_MS).unref();
    store.onKeyFree(() => {
      clearTimeout(this.soon);
      if (!this.stopped) this.soon = setTimeout(() => this.begin(), FREE_MS);
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.soon);
    await this.running;
  }

  private begin(): void {
    this.running ??= this.drain()
      // The database is away: the next look comes in time.
      .catch(() => {})
      .finally(() => {
        this.running = undefined;
      });
  }

  private async drain(): Promise<void> {
    const { store, executor, settings } = this.options;
    while (!this.stopped) {
      const tasks = await store.runnableHere(this.types, settings.concurrency);
      if (tasks.length === 0) return;
      // How a run ended its task says, and its dead letter. Without a queue there is nobody to try it again.
      await Promise.all(tasks.map((task) => executor.runHere({ ...task, attempts: 1 }).catch(() => {})));
    }
  }
}
