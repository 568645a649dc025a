import { z } from "zod";
import { PRIORITIES } from "./queue/names";

const text = (fallback: string) => z.string().default(fallback);
const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .default(fallback);
/** Some of the words, each once, in the order given. */
const selection = <T extends string>(words: readonly T[]) =>
  z
    .string()
    .transform((value) => value.split(",").map((word) => word.trim()))
    .pipe(z.array(z.enum(words)).refine((chosen) => new Set(chosen).size === chosen.length))
    .default([...words]);

/** What each variable must look like, in the words of the message that a wrong value gets. */
const expectations: Record<string, string> = {
  NODE_ENV: "development, test or production",
  PORT: "a port from 1 to 65535",
  REDIS_PORT: "a port from 1 to 65535",
  REDIS_CACHE_PORT: "a port from 1 to 65535",
  REDIS_DB: "a database number from 0 to 15",
  QUEUE_ENABLED: "true or false",
  QUEUE_CONCURRENCY: "a whole number from 1 to 1000",
  QUEUES: `some of ${PRIORITIES.join(", ")}, each once, the most urgent first, with commas between them`,
  QUEUE_PREFIX: "letters, digits, - and _ (at most 64)",
  DRAIN_SECONDS: "a whole number from 1 to 600",
  CONFIRMATION_PACE_MS: "a whole number from 0 to 60000",
};

const schema = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  /** Address that the backend listens on. Loopback: a proxy stands in front. */
  HOST: text("127.0.0.1").pipe(z.string().min(1)),
  PORT: integer(3000, 1, 65_535),
  REDIS_HOST: text("127.0.0.1").pipe(z.string().min(1)),
  REDIS_PORT: integer(6379, 1, 65_535),
  /** Empty: the server asks for none. */
  REDIS_PASSWORD: text(""),
  REDIS_DB: integer(0, 0, 15),
  /** The second instance, which may evict: for results that can be computed again. This application keeps none. */
  REDIS_CACHE_PORT: integer(6380, 1, 65_535),
  /** false: every request does its work itself, and no Redis is needed. */
  QUEUE_ENABLED: flag(true),
  /** Jobs that one worker process runs at the same time. */
  QUEUE_CONCURRENCY: integer(5, 1, 1000),
  /** What a worker process serves: a job of a later queue is taken only when no earlier one has any that waits. */
  QUEUES: selection(PRIORITIES),
  /** First part of every key and channel in Redis; the server's ACL lets the application touch no other. */
  QUEUE_PREFIX: text("queuehost").pipe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)),
  /** Folder for what outlives a release: the confirmations. */
  STATE_DIR: text("./data").pipe(z.string().min(1)),
  /** Seconds that running requests and jobs get to finish after SIGTERM. The unit's stop limit must be longer. */
  DRAIN_SECONDS: integer(20, 1, 600),
  /** Pause in milliseconds after each step of a confirmation: makes progress visible in demonstrations and drills. */
  CONFIRMATION_PACE_MS: integer(0, 0, 60_000),
});

export type Config = z.output<typeof schema>;

/** One or more environment variables are wrong; the message has a line for each. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the configuration from environment variables. An empty value counts as unset.
 *
 * @throws ConfigError that names every fault at once, with the value that was got: no secret has a form to fail.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  const keys = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
  const lines = [...keys].map((key) => `${key}: should be ${expectations[key]}, got ${JSON.stringify(set[key])}`);
  throw new ConfigError(`${lines.join("\n")}\nCorrect this in .env (or in the environment) and start again.`);
}
