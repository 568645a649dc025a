import { chunks } from "./rows";
import type { Session } from "./session";
import type { Outgoing, Task } from "./store";

/** Milliseconds that a process has to bring tasks to the queue, before another one does it as well (which adds nothing). */
export const LEASE = 5000;
/** Milliseconds after which a task that a dead process was running, outside of the queue, goes to the queue. */
const RUN_LEASE = 30_000;

/** What this process holds of the outbox, so that no relay of another one takes it. */
export class Leases {
  /** Just added, to be claimed in a moment: that needs no look into the database then. The oldest first. */
  private readonly fresh = new Map<string, Outgoing>();
  /** Tasks that run here, outside of the queue. */
  private readonly running = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: Session) {}

  /** Of tasks that were committed a moment ago, with this lease. @param again as in `Outgoing` */
  added(tasks: readonly Task[], lease: number, again: ReadonlySet<string>): void {
    const now = Date.now();
    for (const [id, old] of this.fresh) {
      if (old.lease > now) break;
      this.fresh.delete(id);
    }
    for (const task of tasks) {
      if (task.orderKey === null) this.fresh.set(task.id, { task, lease, again: again.has(task.id) });
    }
  }

  /** Hands out the claim of one that was just added, once. */
  take(id: string): Outgoing | undefined {
    const claimed = this.fresh.get(id);
    this.fresh.delete(id);
    return claimed;
  }

  /** Holds a task that runs here, as long as this process lives. @returns until when, for now */
  hold(id: string): number {
    this.running.add(id);
    this.timer ??= setInterval(() => void this.renew(), RUN_LEASE / 3).unref();
    return Date.now() + RUN_LEASE;
  }

  letGo(id: string): void {
    this.running.delete(id);
    if (this.running.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async renew(): Promise<void> {
    for (const ids of chunks([...this.running])) {
      const held = Date.now() + RUN_LEASE;
      await this.session
        .statement((db) =>
          db
            .updateTable("jobs_outbox")
            .set({ leased_until: held })
            .where("task_id", "in", ids)
            .where("here", "=", 1)
            .execute(),
        )
        // The database is away: the next one comes in time.
        .catch(() => {});
    }
  }
}
