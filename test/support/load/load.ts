import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What is sent. */
export interface Sent {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What is to be sent, one request after another, and what becomes of the answers. */
export interface Traffic {
  next(index: number): Sent;
  /** Called with each answer of 2xx. */
  answered?(sent: Sent, body: string): void;
}

/** A request that didn't get an answer of 2xx. */
export interface Failure {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly request: string;
  /** A status, an error's code such as ECONNRESET, or "timeout". */
  readonly what: string;
}

export interface Outcome {
  readonly sent: number;
  readonly failures: readonly Failure[];
  /** Milliseconds in which no request succeeded, from one success to the next. */
  readonly longestGap: number;
  /** Milliseconds from when a request was due to its answer. */
  readonly p50: number;
  readonly p99: number;
}

/** How long an answer may take, in milliseconds, before it counts as failed. */
const TIMEOUT_MS = 10_000;
/** How often is looked for what is due, in milliseconds. */
const TICK_MS = 5;

/**
 * Requests at a constant rate over connections that are kept alive, whatever becomes of the ones before: a server that stops
 * answering doesn't slow them down, and what waited for it counts as waiting. Nothing is tried again.
 */
export class Load {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly began = performance.now();
  private readonly latencies: number[] = [];
  private readonly failures: Failure[] = [];
  private readonly open = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private sent = 0;
  private lastSuccess = this.began;
  private longestGap = 0;

  /** Begins at once. @param rate requests a second */
  constructor(
    private readonly url: string,
    private readonly rate: number,
    private readonly traffic: Traffic,
  ) {
    this.timer = setInterval(() => this.sendDue(), TICK_MS);
  }

  /** Sends no more, waits for the answers that are still to come, and tells what became of all. */
  async stop(): Promise<Outcome> {
    clearInterval(this.timer);
    while (this.open.size > 0) {
      await Promise.all(this.open);
      await sleep(0);
    }
    this.agent.destroy();
    this.noteGap(performance.now());
    const sorted = this.latencies.sort((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
    const { sent, failures } = this;
    return { sent, failures, longestGap: Math.round(this.longestGap), p50: at(0.5), p99: at(0.99) };
  }

  /** How many requests were sent so far. */
  get count(): number {
    return this.sent;
  }

  private sendDue(): void {
    for (; ; this.sent += 1) {
      const due = this.began + (this.sent / this.rate) * 1000;
      if (due > performance.now()) return;
      const done = this.send(this.traffic.next(this.sent), due).then(() => void this.open.delete(done));
      this.open.add(done);
    }
  }

  private async send(sent: Sent, due: number): Promise<void> {
    try {
      const { status, body } = await this.exchange(sent);
      if (status < 200 || status > 299) throw Object.assign(new Error(body), { code: String(status) });
      const now = performance.now();
      this.latencies.push(now - due);
      this.noteGap(now);
      this.traffic.answered?.(sent, body);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const at = Math.round(performance.now() - this.began);
      this.failures.push({ at, request: `${sent.method} ${sent.path}`, what: code ?? message });
    }
  }

  private noteGap(now: number): void {
    this.longestGap = Math.max(this.longestGap, now - this.lastSuccess);
    this.lastSuccess = now;
  }

  private exchange({ method, path, headers, body }: Sent): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.url}${path}`,
        { method, agent: this.agent, headers: headers ?? {} },
        (answer) => {
          let text = "";
          answer.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text })).on("error", reject);
        },
      );
      outgoing.on("error", reject);
      outgoing.setTimeout(TIMEOUT_MS, () =>
        outgoing.destroy(Object.assign(new Error("no answer"), { code: "timeout" })),
      );
      outgoing.end(body);
    });
  }
}
