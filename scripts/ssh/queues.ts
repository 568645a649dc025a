import { Queue } from "bullmq";
import { Redis } from "ioredis";

/** How Redis is reached, and as whom: the application's own user. */
export interface RedisAccess {
  readonly port: number;
  readonly password: string;
  readonly db: number;
}

/** What BullMQ keeps of a queue in `<prefix>:<queue>:meta`, whichever version wrote it. */
const MARKS = ["version", "opts.maxLenEvents"];

/** The queues that a Redis holds, of whichever application and prefix, as far as the user may see them. */
export class Queues {
  private readonly redis: Redis;
  private readonly known = new Map<string, Queue>();

  constructor(access: RedisAccess) {
    this.redis = new Redis({ host: "127.0.0.1", family: 4, maxRetriesPerRequest: null, ...access });
    // It connects again by itself; what asks for something, waits or is told.
    this.redis.on("error", () => {});
  }

  /** All of them, those that came since the last time included, in the order of their names. */
  async find(): Promise<Queue[]> {
    for await (const keys of this.redis.scanStream({ match: "*:meta", count: 1000, type: "hash" }) as AsyncIterable<
      string[]
    >)
      for (const key of keys)
        if (!this.known.has(key) && (await this.isQueue(key))) this.known.set(key, this.open(key));
    return [...this.known.values()].sort((one, other) => one.qualifiedName.localeCompare(other.qualifiedName));
  }

  private async isQueue(key: string): Promise<boolean> {
    try {
      return (await this.redis.hmget(key, ...MARKS)).some((value) => value !== null);
    } catch {
      // A key that this user may not read is none of its application's.
      return false;
    }
  }

  private open(key: string): Queue {
    const name = key.split(":").at(-2) ?? "";
    const prefix = key.slice(0, -`:${name}:meta`.length);
    // Whoever looks writes nothing.
    const queue = new Queue(name, { connection: this.redis, prefix, skipMetasUpdate: true });
    queue.on("error", () => {});
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.known.values()].map((queue) => queue.close().catch(() => {})));
    this.redis.disconnect();
  }
}
