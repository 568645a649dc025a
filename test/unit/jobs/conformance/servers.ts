import { RedisServer } from "../../app/support/redis-server";
import { PostgresServer } from "../support/postgres";
import type { Server } from "./harness";

const PASSWORD = "conformance";

/** A Redis that lets the application touch nothing but what begins with its prefix, as on a server. */
export async function startRedis(): Promise<Server> {
  const user = `user default on >${PASSWORD} ~c-* &c-* +@all -@dangerous +info +client|list`;
  const server = await RedisServer.start({ acl: [user] });
  const env = { REDIS_PORT: String(server.port), REDIS_PASSWORD: PASSWORD };
  return Object.assign(server, { env });
}

export async function startPostgres(): Promise<Server> {
  const server = await PostgresServer.start();
  const env = { QUEUE_PROVIDER: "agenda", DATABASE_URL: await server.newDatabase() };
  return Object.assign(server, { env });
}
