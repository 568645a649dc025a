import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type Log, reason } from "../../log";
import { type QueueSettings, QueueUnavailable } from "../provider";

/**
 * BullMQ's queues by their names in the table. BullMQ's Queue must find Redis ready when it is constructed: one that doesn't
 * is of no use ever after. So each is made on first use, on a connection that holds; the same connection then serves it
 * through every later reconnect.
 */
export class Queues {
  private readonly opened = new Map<string, Queue>();
  private readonly opening = new Map<string, Promise<Queue>>();

  constructor(
    private readonly client: Redis,
    private readonly settings: ReadonlyMap<string, QueueSettings>,
    private readonly prefix: string,
    private readonly log: Log,
  ) {}

  /** @throws Error: it isn't in the table */
  of(name: string): QueueSettings {
    const settings = this.settings.get(name);
    if (!settings) throw new Error(`queue ${JSON.stringify(name)} isn't in the table`);
    return settings;
  }

  /** Does something with a queue; whatever goes wrong with Redis is a QueueUnavailable. */
  async use<T>(name: string, action: (queue: Queue) => Promise<T>): Promise<T> {
    const settings = this.of(name);
    try {
      return await action(this.opened.get(name) ?? (await this.open(settings)));
    } catch (error) {
      if (error instanceof QueueUnavailable) throw error;
      // Redis is there and says no (memory full, disk full, no permission): nobody else tells.
      if (this.client.status === "ready") this.log(`[Queue Service] Redis-Fehler: ${reason(error)}`);
      throw new QueueUnavailable(reason(error), { cause: error });
    }
  }

  /** All queues of the table, for Bull Board; empty while Redis is away. */
  async all(): Promise<ReadonlyMap<string, Queue>> {
    if (this.client.status !== "ready") return new Map();
    const opening = [...this.settings].map(async ([name, settings]) => [name, await this.open(settings)] as const);
    return new Map(await Promise.all(opening));
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened.values()].map((queue) => queue.close()));
  }

  private async open(settings: QueueSettings): Promise<Queue> {
    const { name } = settings;
    const open = this.opening.get(name) ?? this.make(settings);
    this.opening.set(name, open);
    try {
      const queue = await open;
      this.opened.set(name, queue);
      return queue;
    } finally {
      this.opening.delete(name);
    }
  }

  private async make({ storedAs }: QueueSettings): Promise<Queue> {
    if (this.client.status !== "ready") throw new QueueUnavailable("Redis ist nicht verbunden");
    const queue = new Queue(storedAs, { connection: this.client, prefix: this.prefix });
    // The connection reports its own faults; without a listener here they would end the process.
    queue.on("error", () => {});
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      await queue.close().catch(() => {});
      throw error;
    }
  }
}
