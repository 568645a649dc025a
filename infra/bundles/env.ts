import { type Bundle, bundle, hostFile, hostFiles } from "./bundle";
import { renderEnv } from "./env-file";
import { assertAppName } from "./names";

/** What the application reads from its environment. Everything has been defaulted by the configuration before. */
export interface EnvSettings {
  /** Name of the application: folder /srv/<name>, and what the names of its units begin with. */
  readonly name: string;
  /** NODE_ENV, normally `production`. */
  readonly nodeEnv: string;
  /** Port of the backend on 127.0.0.1; the proxy is what listens outside. */
  readonly port: number;
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
  /** DATABASE_URL, where the server has a database. */
  readonly databaseUrl?: string;
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

/** Keys that the deployment sets unless the team sets them itself: an application may want another database. */
export const CONVENIENCE_KEYS = ["REDIS_URL", "DATABASE_URL"] as const;

type Keys<Names extends readonly string[]> = Record<Names[number], string>;

/**
 * The production `.env`: /srv/<name>/shared/.env, read by systemd for each process and linked into each release. A changed
 * file is one more change of sides, and is taken back when the application doesn't come up with it.
 *
 * The digest is made over the secrets too: whoever knows the rest of the file could test guesses of a weak password against
 * it, so it is to be kept as a secret like the content.
 * @throws EnvError for every key or value that can't be carried, all at once.
 */
export function envBundle(settings: EnvSettings): Bundle {
  const { name, extra } = settings;
  assertAppName(name);
  const convenient = Object.entries(convenienceKeys(settings)).filter(([key]) => !(key in extra));
  const own = { ...ownKeys(settings), ...Object.fromEntries(convenient) };
  return bundle("env", [
    ...hostFiles("env", { name }),
    hostFile("app/lock.sh"),
    hostFile("app/sides.sh"),
    { path: "env", content: renderEnv(own, extra), mode: 0o600 },
  ]);
}

function ownKeys(settings: EnvSettings): Keys<typeof OWN_KEYS> {
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

function convenienceKeys(settings: EnvSettings): Partial<Keys<typeof CONVENIENCE_KEYS>> {
  const { redisHost, redisPort, redisPassword, redisDb, databaseUrl } = settings;
  // A URL may hold an apostrophe, which not every value of an .env can.
  const password = encodeURIComponent(redisPassword).replaceAll("'", "%27");
  return {
    REDIS_URL: `redis://:${password}@${redisHost}:${redisPort}/${redisDb}`,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  };
}
