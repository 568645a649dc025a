import type { Seconds } from "./report";

/** Takes the time of each step. */
export class Clock {
  private readonly began = Date.now();
  private last = Date.now();
  private readonly steps = { backup: 0, deletion: 0, bringUp: 0, restore: 0 };

  /** Ends a step; without a name, one that isn't counted. */
  lap(step?: keyof Clock["steps"]): void {
    const now = Date.now();
    if (step !== undefined) this.steps[step] = round(now - this.last);
    this.last = now;
  }

  seconds(): Seconds {
    return { ...this.steps, total: round(Date.now() - this.began) };
  }
}

const round = (ms: number) => Math.round(ms / 100) / 10;
