import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, bundle, hostFiles } from "./bundle";
import { renderEnv } from "./env-file";
import { assertAppName, assertPlain } from "./names";

/** What the application reads from its environment. Everything has been defaulted by the configuration before. */
export interface EnvSettings {
  /** Name of the application: /srv/<name>, and the units <name>-backend and <name>-worker. */
  readonly name: string;
  /** NODE_ENV, normally `production`. */
  readonly nodeEnv: string;
  /** Port of the backend on 127.0.0.1; the proxy is what listens outside. */
  readonly port: number;
  /** Path that answers 200 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Seconds that a restarted application has to become healthy before the old file is put back. */
  readonly healthTimeoutSec: number;
  readonly redisHost: string;
  /** Port of the queue's Redis. */
  readonly redisPort: number;
  /** Secret: stands in the file and nowhere else. */
  readonly redisPassword: string;
  readonly redisDb: number;
  /** Port of the cache's Redis. */
  readonly redisCachePort: number;
  readonly queueEnabled: boolean;
  /** Jobs that one worker process runs at a time. */
  readonly queueConcurrency: number;
  /** Prefix of every key and channel that the application's Redis user may touch. */
  readonly queuePrefix: string;
  /** The team's own keys (`env.<KEY>` of the configuration). They may hold secrets too. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The keys that the deployment sets: the team's own can't have these names. */
export const OWN_KEYS = [
  "NODE_ENV",
  "HOST",
  "PORT",
  "REDIS_HOST",
  "REDIS_PORT",
  "REDIS_PASSWORD",
  "REDIS_DB",
  "REDIS_CACHE_PORT",
  "QUEUE_ENABLED",
  "QUEUE_CONCURRENCY",
  "QUEUE_PREFIX",
  "STATE_DIR",
] as const;

type OwnKey = (typeof OWN_KEYS)[number];

const HOST = join(__dirname, "../../host");

/**
 * The production `.env`: /srv/<name>/shared/.env, read by systemd for both processes and linked into each release. A changed
 * file restarts the application, and is taken back when the application doesn't answer with it.
 *
 * The digest is made over the secrets too: whoever knows the rest of the file could test guesses of a weak password against
 * it, so it is to be kept as a secret like the content.
 * @throws EnvError for every key or value that can't be carried, all at once.
 */
export function envBundle(settings: EnvSettings): Bundle {
  const { name, healthTimeoutSec, port } = settings;
  assertAppName(name);
  const healthPath = assertPlain("healthPath", settings.healthPath, /^\/[A-Za-z0-9/._~-]*$/);
  const files = hostFiles("env", { name, port: String(port), healthPath, healthTimeout: String(healthTimeoutSec) });
  const gate = readFileSync(join(HOST, "app/gate.sh"), "utf8");
  return bundle("env", [
    ...files,
    { path: "gate.sh", content: gate, mode: 0o644 },
    { path: "env", content: renderEnv(ownKeys(settings), settings.extra), mode: 0o600 },
  ]);
}

function ownKeys(settings: EnvSettings): Record<OwnKey, string> {
  return {
    NODE_ENV: settings.nodeEnv,
    HOST: "127.0.0.1",
    PORT: String(settings.port),
    REDIS_HOST: settings.redisHost,
    REDIS_PORT: String(settings.redisPort),
    REDIS_PASSWORD: settings.redisPassword,
    REDIS_DB: String(settings.redisDb),
    REDIS_CACHE_PORT: String(settings.redisCachePort),
    QUEUE_ENABLED: String(settings.queueEnabled),
    QUEUE_CONCURRENCY: String(settings.queueConcurrency),
    QUEUE_PREFIX: settings.queuePrefix,
    STATE_DIR: `/var/lib/${settings.name}`,
  };
}
