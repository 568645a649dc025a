import { type Log, reason } from "../log";
import { type Provider, QueueUnavailable } from "../provider/provider";
import type { Store, Task } from "../store/store";
import { ID } from "../table/names";

/** Milliseconds between two looks at a part of the tasks that the queue should have. */
const EVERY_MS = 60_000;
/** Milliseconds for which a task that waits isn't looked for. */
const WAITING_MS = 5 * 60_000;

interface Options {
  readonly store: Store;
  readonly provider: Provider;
  readonly log: Log;
  /** Milliseconds that a run may last. */
  readonly longestRun: number;
}

/**
 * Looks now and then whether the queue has the tasks that it should have. What it has lost (its server came back with an older
 * state) gets there again; what it has finished without the task being told (a worker of an older release ran it) is finished.
 */
export class Comparing {
  private after = 0;
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: Options) {
    this.timer = setInterval(() => {
      this.looking ??= this.look()
        .catch(() => {})
        .finally(() => {
          this.looking = undefined;
        });
    }, EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** At the next part. @param now for tests */
  async look(now = Date.now()): Promise<void> {
    const { store, longestRun } = this.options;
    const { tasks, next } = await store.inQueueSince(now - WAITING_MS, this.after);
    for (const task of tasks) {
      // Whoever runs it may still do so, though the queue has forgotten it.
      if (task.status === "active" && (task.startedAt ?? 0) > now - WAITING_MS - longestRun) continue;
      await this.compare(task);
    }
    this.after = next;
  }

  private async compare({ id, queue, type, payload, attempt }: Task): Promise<void> {
    const { store, provider, log } = this.options;
    let job: Awaited<ReturnType<Provider["find"]>>;
    try {
      job = await provider.find(queue, id);
    } catch (error) {
      if (error instanceof QueueUnavailable) throw error;
      log(`[Queue Service] Job ${id} (${type}) ist in keiner Queue zu finden: ${reason(error)}`);
      return;
    }
    if (job?.status === "completed") await store.complete(id, job.result);
    else if (job?.status === "failed") await this.failed({ id, queue, type, payload, attempt }, job.error ?? "");
    else if (!job && !ID.test(id)) await store.fail(id, "the queue has lost it");
    else if (!job && (await store.lost(id)))
      log(`[Queue Service] Job ${id} (${type}) fehlt in der Queue, kommt wieder hinein`);
  }

  private async failed(job: Pick<Task, "id" | "queue" | "type" | "payload" | "attempt">, error: string): Promise<void> {
    const { attempt, ...letter } = job;
    const { store } = this.options;
    if (!(await store.fail(job.id, error))) return;
    await store.bury({ ...letter, reason: error, attempts: attempt, failedAt: Date.now() });
  }
}
