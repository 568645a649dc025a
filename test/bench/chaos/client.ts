import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds after which a client takes the outcome for unknown. */
const PATIENCE_MS = 8000;

/** What clients know of their jobs. */
export interface Ledger {
  readonly acknowledged: Set<string>;
  /** Neither taken nor refused for certain: they may be done once, or not at all. */
  readonly unknown: Set<string>;
  readonly outcomes: Map<string, number>;
}

/** Clients that enqueue over HTTP, one job each at a time. Half of them ask again, under the same id, where they got no answer. */
export class Clients {
  readonly ledger: Ledger = { acknowledged: new Set(), unknown: new Set(), outcomes: new Map() };
  private stopped = false;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly running: Promise<unknown>;

  /** @param port of the backend; undefined while there is none */
  constructor(
    private readonly port: () => number | undefined,
    private readonly random: () => number,
    count: number,
  ) {
    this.running = Promise.all(Array.from({ length: count }, (_, number) => this.client(number)));
  }

  async stop(): Promise<Ledger> {
    this.stopped = true;
    await this.running;
    this.agent.destroy();
    return this.ledger;
  }

  private async client(number: number): Promise<void> {
    const { acknowledged, unknown, outcomes } = this.ledger;
    for (let made = 0; !this.stopped; made += 1) {
      const id = `c${number}-${made}`;
      const job = JSON.stringify({ id, ms: Math.floor(this.random() * 300), luck: this.random() });
      const insists = number % 2 === 0;
      for (;;) {
        const outcome = await this.post(job);
        if (outcome !== undefined) {
          acknowledged.add(id);
          unknown.delete(id);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          break;
        }
        unknown.add(id);
        await sleep(50);
        if (!insists || this.stopped) break;
      }
      await sleep(this.random() * 60);
    }
  }

  /** What became of it; undefined where that isn't known. */
  private post(body: string): Promise<string | undefined> {
    const port = this.port();
    if (port === undefined) return Promise.resolve(undefined);
    return new Promise((settle) => {
      const asked = request({ port, agent: this.agent, method: "POST", timeout: PATIENCE_MS }, async (response) => {
        try {
          let text = "";
          for await (const chunk of response) text += chunk;
          settle(response.statusCode === 202 ? text : undefined);
        } catch {
          settle(undefined);
        }
      });
      asked.once("timeout", () => asked.destroy()).once("error", () => settle(undefined));
      asked.end(body);
    });
  }
}
