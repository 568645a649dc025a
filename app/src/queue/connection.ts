import { Redis, type RedisOptions } from "ioredis";
import type { Config } from "../config";
import { log, reason } from "../log";

/** The same fault again is not worth a line more often than this, in milliseconds: reconnects come every 2 s. */
const REPEAT_AFTER_MS = 60_000;

function common(config: Config) {
  return {
    host: config.REDIS_HOST,
    port: config.REDIS_PORT,
    db: config.REDIS_DB,
    // Redis listens on 127.0.0.1, while `localhost` may mean ::1.
    family: 4,
    // With RESP3 a missing password is reported as a lecture on HELLO; with RESP2 as "NOAUTH Authentication required."
    protocol: 2,
    ...(config.REDIS_PASSWORD === "" ? {} : { password: config.REDIS_PASSWORD }),
    retryStrategy: (times: number) => Math.min(times * 100, 2000),
  } as const satisfies RedisOptions;
}

/**
 * A connection for requests: every command fails at once while Redis is away, and after `answerMs` when Redis is there
 * but silent. Nothing is sent again by itself, since the one who asked falls back to doing the work.
 */
export function producerConnection(config: Config, answerMs = 2000): Redis {
  const client = new Redis({
    ...common(config),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: answerMs,
    socketTimeout: answerMs,
  });
  return narrate(client);
}

/** A connection for a worker: it waits for Redis as long as it takes, which is what BullMQ asks for. */
export function workerConnection(config: Config): Redis {
  return narrate(new Redis({ ...common(config), maxRetriesPerRequest: null }));
}

/** Logs each change of a connection once: made, or lost and why. */
function narrate(client: Redis): Redis {
  let last = "";
  let lastAt = 0;
  client.on("ready", () => {
    last = "";
    log("[Queue Service] ✅ Redis-Verbindung hergestellt");
  });
  client.on("error", (error) => {
    const message = reason(error);
    if (message === last && Date.now() - lastAt < REPEAT_AFTER_MS) return;
    last = message;
    lastAt = Date.now();
    log(`[Queue Service] Redis-Verbindungsfehler: ${message}`);
    if (/NOAUTH|WRONGPASS/.test(message)) log("[Queue Service] Bitte REDIS_PASSWORD in der .env prüfen");
  });
  return client;
}
