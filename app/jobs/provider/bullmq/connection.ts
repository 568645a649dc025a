import { Redis, type RedisOptions } from "ioredis";
import { type Log, reason } from "../../log";
import type { Settings } from "../../settings";

/** The same fault again is not worth a line more often than this, in milliseconds: reconnects come every 2 s. */
const REPEAT_AFTER_MS = 60_000;

function common({ redis }: Settings) {
  return {
    host: redis.host,
    port: redis.port,
    db: redis.db,
    // Redis listens on 127.0.0.1, while `localhost` may mean ::1.
    family: 4,
    // With RESP3 a missing password is reported as a lecture on HELLO; with RESP2 as "NOAUTH Authentication required."
    protocol: 2,
    ...(redis.password === "" ? {} : { password: redis.password }),
    retryStrategy: (times: number) => Math.min(times * 100, 2000),
  } as const satisfies RedisOptions;
}

/** The connections of one process, whose changes are told once, whichever of them notices: made, or lost and why. */
export class Connections {
  private readonly clients: Redis[] = [];
  private told: "nothing" | "made" | "lost" = "nothing";
  private last = "";
  private lastAt = 0;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /**
   * A connection for requests: every command fails at once while Redis is away, and after `answerMs` when Redis is there
   * but silent. Nothing is sent again by itself, since the one who asked falls back to doing the work.
   */
  forRequests(answerMs = 2000): Redis {
    const client = new Redis({
      ...common(this.settings),
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: answerMs,
      socketTimeout: answerMs,
    });
    return this.narrate(client);
  }

  /** A connection for workers: it waits for Redis as long as it takes, which is what BullMQ asks for. */
  forWorkers(): Redis {
    return this.narrate(new Redis({ ...common(this.settings), maxRetriesPerRequest: null }));
  }

  private narrate(client: Redis): Redis {
    this.clients.push(client);
    client.on("ready", () => {
      this.last = "";
      if (this.told === "made") return;
      this.told = "made";
      this.log("[Queue Service] ✅ Redis-Verbindung hergestellt");
    });
    client.on("error", (error) => this.tellLoss(reason(error)));
    return client;
  }

  private tellLoss(message: string): void {
    if (message === this.last && Date.now() - this.lastAt < REPEAT_AFTER_MS) return;
    // One that is late to come back speaks of the past while another works already.
    if (this.clients.some((client) => client.status === "ready")) return;
    this.told = "lost";
    this.last = message;
    this.lastAt = Date.now();
    this.log(`[Queue Service] Redis-Verbindungsfehler: ${message}`);
    if (/NOAUTH|WRONGPASS/.test(message)) this.log("[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen");
  }
}
