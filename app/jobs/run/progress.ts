import { debug, reason } from "../log";

/** Milliseconds between two messages of one job. */
const PACE_MS = 250;
const detail = debug("progress");

export type Send = (percent: number, message: string | null) => Promise<void>;

/** Passes on how far a job has come, at intervals, the latest of all in any case. A message that gets lost doesn't harm the job. */
export class Progress {
  /** What was said last, with the last percentage. */
  message: string | null = null;
  private percent = 0;
  private sentAt = 0;
  private later: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(private readonly send: Send) {}

  async report(percent: number, message: string | undefined): Promise<void> {
    this.percent = Math.min(100, Math.max(0, Number.isFinite(percent) ? percent : 0));
    this.message = message ?? null;
    if (this.later) return;
    const wait = this.sentAt + PACE_MS - Date.now();
    if (wait > 0) this.later = setTimeout(() => this.pass(), wait);
    else await this.pass();
  }

  /** Passes on what waits for its time. */
  async flush(): Promise<void> {
    if (this.later) this.pass();
    await this.sending;
  }

  private pass(): Promise<void> {
    clearTimeout(this.later);
    this.later = undefined;
    this.sentAt = Date.now();
    const { percent, message } = this;
    // One after another: the last to arrive is the last that was said.
    this.sending = this.sending
      .then(() => this.send(percent, message))
      .catch((error: unknown) => detail(() => `lost: ${reason(error)}`));
    return this.sending;
  }
}
