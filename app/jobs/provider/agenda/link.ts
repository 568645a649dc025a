import { setTimeout as sleep } from "node:timers/promises";
import { type Log, reason } from "../../log";
import { QueueUnavailable } from "../provider";

/** Milliseconds that a step may take; one more would be a request that waits for nothing. */
const ANSWER_MS = 1900;
/** Milliseconds between two tries to reach a server that is away. */
const RETRY_MS = 1000;
/** The same fault again is not worth a line more often than this, in milliseconds. */
const REPEAT_AFTER_MS = 60_000;

interface Server {
  readonly label: string;
  connect(): Promise<void>;
  ping(): Promise<void>;
}

/**
 * Whether a server can be reached. While it can't, every step is refused at once, and it is tried again once a second:
 * who waits for a time-out each time would wait for long when many ask.
 */
export class Link {
  /** After the first try. */
  readonly settled: Promise<void>;
  private up = false;
  private closed = false;
  private trying: Promise<void> | undefined;
  private fault = "";
  private toldAt = 0;

  constructor(
    private readonly server: Server,
    private readonly log: Log,
  ) {
    this.settled = this.tryOnce();
    void this.settled.then(() => this.retry());
  }

  /** What lines of the log call the server. */
  get label(): string {
    return this.server.label;
  }

  get reachable(): boolean {
    return this.up;
  }

  /** @throws QueueUnavailable whatever goes wrong; the step may have been done all the same. */
  async use<T>(step: () => Promise<T>): Promise<T> {
    await this.settled;
    if (!this.up) throw new QueueUnavailable(this.fault);
    try {
      return await within(step());
    } catch (error) {
      // One that says no at once may be well: a probe tells.
      if (error instanceof Overdue) this.lost(error);
      else void within(this.server.ping()).catch((fault) => this.lost(fault));
      throw new QueueUnavailable(said(error), { cause: error });
    }
  }

  close(): void {
    this.closed = true;
    this.up = false;
    this.fault = "closed";
  }

  private lost(error: unknown): void {
    if (!this.up) return;
    this.up = false;
    this.tell(error);
    void this.retry();
  }

  private async retry(): Promise<void> {
    while (!this.up && !this.closed) {
      await sleep(RETRY_MS, undefined, { ref: false });
      if (!this.closed) await this.tryOnce();
    }
  }

  private tryOnce(): Promise<void> {
    this.trying ??= within(this.server.connect())
      .then(
        () => {
          if (this.up || this.closed) return;
          this.up = true;
          this.fault = "";
          this.log(`[Queue Service] ✅ ${this.server.label}-Verbindung hergestellt`);
        },
        (error) => this.tell(error),
      )
      .finally(() => {
        this.trying = undefined;
      });
    return this.trying;
  }

  private tell(error: unknown): void {
    const message = said(error);
    if (message === this.fault && Date.now() - this.toldAt < REPEAT_AFTER_MS) return;
    this.fault = message;
    this.toldAt = Date.now();
    if (this.closed) return;
    this.log(`[Queue Service] ${this.server.label}-Verbindungsfehler: ${message}`);
    if (/NOAUTH|WRONGPASS/.test(message)) this.log("[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen");
  }
}

class Overdue extends Error {
  constructor() {
    super(`no answer within ${ANSWER_MS} ms`);
  }
}

async function within<T>(step: Promise<T>): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Overdue()), ANSWER_MS);
  });
  return await Promise.race([step, overdue]).finally(() => clearTimeout(limit));
}

/** A refused connection to several addresses is an AggregateError without a message. */
function said(error: unknown): string {
  return reason(error instanceof AggregateError ? error.errors[0] : error);
}
