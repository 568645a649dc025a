import { readSettings, type Settings, SettingsInvalid } from "queuehost/jobs";
import { z } from "zod";
import { queues } from "./queues";
import { reservationQueues } from "./reservations/queues";
import { readServiceSettings, type ServiceSettings } from "./services/settings";

export type Role = "viewer" | "operator";

/** Who shows this token has this role. */
export interface ApiToken {
  readonly role: Role;
  readonly token: string;
}

const text = (fallback: string) => z.string().default(fallback);
const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .default(fallback);
const TOKEN = /^(viewer|operator):([\x21-\x2b\x2d-\x7e]{24,200})$/;
const tokens = z
  .string()
  .transform((value) => value.split(",").map((pair) => TOKEN.exec(pair.trim())))
  .refine((pairs) => pairs.every((pair) => pair !== null))
  .transform((pairs) => pairs.map((pair): ApiToken => ({ role: pair?.[1] as Role, token: pair?.[2] ?? "" })))
  .refine((list) => new Set(list.map(({ token }) => token)).size === list.length)
  .default([]);

/** What each variable must look like, in the words of the message that a wrong value gets. */
const expectations: Record<string, string> = {
  NODE_ENV: "development, test or production",
  PORT: "a port from 1 to 65535",
  REDIS_CACHE_PORT: "a port from 1 to 65535",
  DRAIN_SECONDS: "a whole number from 1 to 600",
  CONFIRMATION_PACE_MS: "a whole number from 0 to 60000",
  API_TOKENS:
    "viewer:<token> or operator:<token>, several with commas between them, each token once and of 24 signs at least",
  RATE_LIMIT: "a whole number from 0 to 1000000",
};
const SECRET: readonly string[] = ["API_TOKENS"];

const schema = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  /** Address that the backend listens on. Loopback: a proxy stands in front. */
  HOST: text("127.0.0.1").pipe(z.string().min(1)),
  PORT: integer(3000, 1, 65_535),
  /** The second instance, which may evict: for results that can be computed again. This application keeps none. */
  REDIS_CACHE_PORT: integer(6380, 1, 65_535),
  /** Folder for what outlives a release: the confirmations, and the tasks where DATABASE_URL names no database. */
  STATE_DIR: text("./data").pipe(z.string().min(1)),
  /** Seconds that running requests and jobs get to finish after SIGTERM. The unit's stop limit must be longer. */
  DRAIN_SECONDS: integer(20, 1, 600),
  /** Pause in milliseconds after each step of a confirmation: makes progress visible in demonstrations and drills. */
  CONFIRMATION_PACE_MS: integer(0, 0, 60_000),
  /** Who may see (viewer) and change (operator) tasks and queues by HTTP. Without it nobody may, in production. */
  API_TOKENS: tokens,
  /** Requests a second that one address or token may send; 0: any number. */
  RATE_LIMIT: integer(1000, 0, 1_000_000),
});

/** What this application is told by its environment, with the settings of the library and of what its jobs work with. */
export type Config = Readonly<z.output<typeof schema>> & {
  readonly settings: Settings;
  readonly services: ServiceSettings;
};

/** Something that the operator set, or left out, keeps the application from starting. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the configuration from environment variables. An empty value counts as unset.
 *
 * @throws SettingsInvalid that names every fault at once, with the value that was got, unless that is a secret
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = schema.safeParse(set);
  const keys = new Set(parsed.error?.issues.map((issue) => String(issue.path[0])));
  const got = (key: string) => (SECRET.includes(key) ? "something else" : JSON.stringify(set[key]));
  const faults = [...keys].map((key) => `${key}: should be ${expectations[key]}, got ${got(key)}`);
  const settings = collect(faults, () => readSettings(env, { queues: { ...reservationQueues, ...queues } }));
  const services = collect(faults, () => readServiceSettings(env));
  if (!parsed.success || !settings || !services) throw new SettingsInvalid([...new Set(faults)]);
  return { ...parsed.data, settings, services };
}

/** What is read, or nothing, with what is wrong added to the faults. */
function collect<T>(faults: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    faults.push(...error.lines);
    return undefined;
  }
}
