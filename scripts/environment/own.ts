import type { CONVENIENCE_KEYS, OWN_KEYS } from "../../infra/bundles/env";
import type { KeyName } from "../../infra/config/schema";

type Own = (typeof OWN_KEYS)[number] | (typeof CONVENIENCE_KEYS)[number];

/** What becomes of a variable that the deployment knows: a setting takes its value, or it is left out, and why. */
export type Fate = { readonly setting: KeyName } | { readonly left: string; readonly onlyWith?: KeyName };

/** The variables that the deployment sets itself. */
export const FATES: Readonly<Record<Own, Fate>> = {
  REDIS_PASSWORD: { setting: "redis.password" },
  REDIS_DB: { setting: "redis.db" },
  QUEUE_ENABLED: { setting: "queue.enabled" },
  QUEUE_CONCURRENCY: { setting: "queue.concurrency" },
  QUEUE_PREFIX: { setting: "queue.prefix" },
  PORT: { setting: "app.port" },
  NODE_ENV: { left: "is production on every server" },
  HOST: { left: "is 127.0.0.1: the proxy is what listens outside" },
  REDIS_HOST: { left: "is the server's own Redis" },
  REDIS_PORT: { left: "is the server's own Redis" },
  REDIS_CACHE_PORT: { left: "is the server's own Redis" },
  REDIS_URL: { left: "is made from the password, for the server's own Redis" },
  STATE_DIR: { left: "is a folder on the server that outlives releases" },
  DATABASE_URL: { left: "is the server's own PostgreSQL (postgres.enabled)", onlyWith: "postgres.enabled" },
};
