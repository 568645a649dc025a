import { chunks } from "./rows";
import type { Session } from "./session";

/** Milliseconds after which a task that a dead process was running, outside of the queue, goes to the queue. */
const LEASE = 30_000;

/** Holds the outbox's notes of tasks that run in this process, so that no relay takes them while it lives. */
export class OwnLeases {
  private readonly ids = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: Session) {}

  /** @returns until when, for now */
  add(id: string): number {
    this.ids.add(id);
    this.timer ??= setInterval(() => void this.renew(), LEASE / 3).unref();
    return Date.now() + LEASE;
  }

  remove(id: string): void {
    this.ids.delete(id);
    if (this.ids.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async renew(): Promise<void> {
    for (const ids of chunks([...this.ids])) {
      const held = Date.now() + LEASE;
      await this.session
        .statement((db) =>
          db.updateTable("jobs_outbox").set({ leased_until: held }).where("task_id", "in", ids).execute(),
        )
        // The database is away: the next one comes in time.
        .catch(() => {});
    }
  }
}
