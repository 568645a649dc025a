import { debug, reason } from "../log";
import type { Store } from "../store/store";

/** Milliseconds between two looks for wishes that running tasks be cancelled. */
const LOOK_MS = 1000;
const detail = debug("cancelling");

/** Tells running tasks that somebody, in whichever process, wants them cancelled: one query for all of them, while there are any. */
export class Cancelling {
  private readonly running = new Map<string, () => void>();
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(private readonly store: Store) {}

  add(id: string, cancel: () => void): void {
    this.running.set(id, cancel);
    this.timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
  }

  remove(id: string): void {
    this.running.delete(id);
    if (this.running.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      for (const id of await this.store.cancelRequested([...this.running.keys()])) this.running.get(id)?.();
    } catch (error) {
      detail(() => `can't be looked for: ${reason(error)}`);
    } finally {
      this.looking = false;
    }
  }
}
