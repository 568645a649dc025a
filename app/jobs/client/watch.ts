import type { Store } from "../store/store";
import { stateOf } from "./state";
import type { JobState, Jobs } from "./types";

const EVERY_MS = 500;
/** What another process commits may bear a time that lies this many milliseconds back. */
const LATE_MS = 1000;
const PAGE = 2000;

/** Asks the task table for changes while anybody wants to know, once for all of them. */
export class Watch {
  private readonly watchers = new Set<(job: JobState) => void>();
  /** What was told of late: when it changed, and what it was then. */
  private readonly told = new Map<string, { readonly at: number; readonly text: string }>();
  private since = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly store: Store) {}

  readonly watch: Jobs["watch"] = (onChange) => {
    // One function may watch twice.
    const watcher = (job: JobState) => onChange(job);
    this.watchers.add(watcher);
    if (this.watchers.size === 1) this.begin();
    return {
      close: () => {
        if (this.watchers.delete(watcher) && this.watchers.size === 0) this.close();
      },
    };
  };

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.watchers.clear();
    this.told.clear();
  }

  private begin(): void {
    this.since = Date.now();
    this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  private async look(): Promise<void> {
    const mine = this.timer;
    const now = Date.now();
    const changes = await this.store.changedSince(this.since, PAGE).catch(() => undefined);
    if (this.timer !== mine) return;
    // While the database is away nothing is told; it goes on where it was.
    if (changes) {
      for (const { task, changedAt } of changes) this.tell(stateOf(task), changedAt);
      this.since = this.next(changes.length, changes.at(-1)?.changedAt ?? now, now);
      for (const [id, { at }] of this.told) if (at < this.since) this.told.delete(id);
    }
    this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  private next(count: number, last: number, now: number): number {
    if (count < PAGE) return Math.max(this.since, now - LATE_MS);
    return last > this.since ? last : last + 1;
  }

  private tell(job: JobState, at: number): void {
    const text = JSON.stringify(job);
    if (this.told.get(job.id)?.text === text) return;
    this.told.set(job.id, { at, text });
    for (const watcher of this.watchers) watcher(job);
  }
}
