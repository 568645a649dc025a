import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { DevFault } from "./fault";
import { ProcessGroup } from "./processes";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

export interface DevRedis {
  /** For whom it is told. */
  readonly what: string;
  stop(): Promise<void>;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const START_MS = 10_000;
/** Answers of a Redis that is there all the same. */
const REFUSED = /NOAUTH|WRONGPASS|DENIED|LOADING/;

/**
 * The Redis at this address: the one that answers there already, else a redis-server of our own, on loopback, with its data in a
 * folder.
 *
 * @throws DevFault where neither is to be had
 */
export async function haveRedis(address: RedisAddress, folder: string): Promise<DevRedis> {
  const { host, port } = address;
  const at = `${host}:${port}`;
  const found = await ping(address);
  if (found === "PONG") return { what: `${at}, which runs already`, stop: async () => {} };
  if (found !== undefined)
    throw new DevFault(`The Redis at ${at} answers: ${found}. Correct REDIS_PASSWORD, or set another REDIS_PORT.`);
  if (!LOOPBACK.includes(host))
    throw new DevFault(`Nothing answers at REDIS_HOST ${at}. Start it, or unset REDIS_HOST to have one here.`);
  mkdirSync(folder, { recursive: true });
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
  const server = new ProcessGroup("redis-server", [...args, "--maxmemory-policy", "noeviction"], { quiet: true });
  let end: number | Error | undefined;
  void server.ended.then((code) => {
    end = code;
  });
  for (const started = performance.now(); performance.now() - started < START_MS; await sleep(50)) {
    if (end !== undefined) throw new DevFault(explain(end, at));
    if ((await ping({ ...address, password: "" })) === "PONG")
      return { what: `${at}, a redis-server of its own with its data in ${folder}`, stop: () => server.stop() };
  }
  await server.stop();
  throw new DevFault(`redis-server was started and doesn't answer at ${at} after ${START_MS / 1000} s.`);
}

function explain(end: number | Error, at: string): string {
  if (typeof end === "number") return `redis-server ended with code ${end}: something else may hold ${at}.`;
  return (
    "redis-server is not installed. Install it (sudo apt-get install redis-server), or start one in a container " +
    "(docker run -d -p 6379:6379 redis:7-alpine), or do without: QUEUE_ENABLED=false npm run dev"
  );
}

/** PONG, what it says instead, or nothing where nobody answers. */
async function ping({ host, port, password }: RedisAddress): Promise<string | undefined> {
  const client = new Redis({
    host,
    port,
    ...(password === "" ? {} : { password }),
    family: 4,
    lazyConnect: true,
    // That asks for INFO, which a server may refuse to those without a password.
    enableReadyCheck: false,
    connectTimeout: 2000,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  let refused: string | undefined;
  client.on("error", ({ message }: Error) => {
    if (REFUSED.test(message)) refused = message;
  });
  try {
    await client.connect();
    return await client.ping();
  } catch (error) {
    const { message } = error as Error;
    return REFUSED.test(message) ? message : refused;
  } finally {
    client.disconnect();
  }
}
