import { z } from "zod";
import { SettingsInvalid } from "./errors";
import type { Settings } from "./settings";
import type { Table } from "./table/types";

const text = (fallback: string) => z.string().default(fallback);
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);
const flag = (fallback: boolean) =>
  z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .default(fallback);
const names = z
  .string()
  .transform((value) => value.split(",").map((name) => name.trim()))
  .refine((chosen) => new Set(chosen).size === chosen.length);

const DAY_S = 24 * 60 * 60;
const KEY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

/** What each variable must look like, in the words of the message that a wrong value gets. */
const expectations = {
  REDIS_PORT: "a port from 1 to 65535",
  REDIS_DB: "a database number from 0 to 15",
  QUEUE_ENABLED: "true or false",
  QUEUE_PROVIDER: "bullmq or agenda",
  QUEUE_CONCURRENCY: "a whole number from 1 to 1000",
  QUEUE_PREFIX: "letters, digits, - and _ (at most 64)",
  QUEUE_DEFAULT_ATTEMPTS: "a whole number from 1 to 100",
  QUEUE_DEFAULT_BACKOFF: "a whole number of milliseconds from 0 to 86400000",
  QUEUE_TIME_LIMIT: "a whole number of seconds from 1 to 604800",
  QUEUE_SOFT_TIME_LIMIT: "a whole number of seconds from 1 to QUEUE_TIME_LIMIT",
  QUEUE_MAX_JOBS: "a whole number from 0 to 1000000000",
  QUEUE_MAX_MEMORY: "a whole number of megabytes from 0 to 1000000",
  QUEUE_EAGER: "true or false",
  QUEUE_ENCRYPTION_KEY: "<id>:<32 bytes in base64>, several with commas between them, each id once",
  QUEUE_COLLECTION: "letters, digits and _, not a digit first (at most 63)",
  AGENDA_BACKEND: "postgres, redis or mongo",
  DATABASE_URL: "postgresql://... (without it, the tasks are in a file in STATE_DIR)",
  MONGODB_URL: "mongodb://... or mongodb+srv://...",
} as const;
const SECRET: readonly string[] = ["QUEUE_ENCRYPTION_KEY", "DATABASE_URL", "MONGODB_URL"];

const schema = z.object({
  REDIS_HOST: text("127.0.0.1"),
  REDIS_PORT: integer(1, 65_535).default(6379),
  REDIS_PASSWORD: text(""),
  REDIS_DB: integer(0, 15).default(0),
  QUEUE_ENABLED: flag(true),
  QUEUE_PROVIDER: z
    .enum(["bullmq", "bull", "agenda"])
    .transform((name) => (name === "agenda" ? "agenda" : "bullmq"))
    .default("bullmq"),
  QUEUE_CONCURRENCY: integer(1, 1000).default(5),
  QUEUE_PREFIX: text("queuehost").pipe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)),
  QUEUES: names.optional(),
  QUEUE_DEFAULT_ATTEMPTS: integer(1, 100).default(3),
  QUEUE_DEFAULT_BACKOFF: integer(0, DAY_S * 1000).default(2000),
  QUEUE_TIME_LIMIT: integer(1, 7 * DAY_S).default(3600),
  QUEUE_SOFT_TIME_LIMIT: integer(1, 7 * DAY_S).optional(),
  QUEUE_MAX_JOBS: integer(0, 1_000_000_000).default(0),
  QUEUE_MAX_MEMORY: integer(0, 1_000_000).default(0),
  QUEUE_EAGER: flag(false),
  QUEUE_ENCRYPTION_KEY: z
    .string()
    .transform((value) => value.split(",").map((key) => KEY.exec(key.trim())))
    .refine((keys) => keys.every((key) => key !== null))
    .transform((keys) =>
      keys.map((key) => ({ id: key?.[1] ?? "", key: new Uint8Array(Buffer.from(key?.[2] ?? "", "base64")) })),
    )
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length)
    .default([]),
  QUEUE_COLLECTION: text("agenda_jobs").pipe(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/)),
  AGENDA_BACKEND: z.enum(["postgres", "redis", "mongo"]).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional(),
  MONGODB_URL: text("").pipe(z.string().regex(/^$|^mongodb(\+srv)?:\/\//)),
  STATE_DIR: text("./data"),
});

type Variables = z.output<typeof schema>;

/**
 * Reads the settings from environment variables. An empty value counts as unset; unknown variables are others' business.
 *
 * @param table Whose queues QUEUES may name; without it any name will do.
 * @throws SettingsInvalid that names every fault at once, with the value that was got, unless that is a secret
 */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  table?: Pick<Table, "queues">,
): Settings {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const got = (key: string) => (SECRET.includes(key) ? "something else" : JSON.stringify(set[key]));
  const queues = table && Object.keys(table.queues);
  const expected: Record<string, string> = {
    ...expectations,
    QUEUES: `${queues ? `some of ${queues.join(", ")}` : "names of queues"}, each once, the most urgent first, with commas between them`,
  };
  const parsed = schema.safeParse(set);
  const wrong = new Set(parsed.error?.issues.map((issue) => String(issue.path[0])));
  if (parsed.success && queues && parsed.data.QUEUES?.some((name) => !queues.includes(name))) wrong.add("QUEUES");
  const faults = [...wrong].map((key) => `${key}: should be ${expected[key]}, got ${got(key)}`);
  if (parsed.success) faults.push(...contradictions(parsed.data));
  if (!parsed.success || faults.length > 0) throw new SettingsInvalid(faults);
  return settingsOf(parsed.data);
}

/** Faults that take two variables. */
function* contradictions(read: Variables): Iterable<string> {
  const { QUEUE_TIME_LIMIT: hard, QUEUE_SOFT_TIME_LIMIT: soft, QUEUE_PROVIDER, AGENDA_BACKEND } = read;
  if (soft !== undefined && soft > hard)
    yield `QUEUE_SOFT_TIME_LIMIT: should be at most QUEUE_TIME_LIMIT, ${hard}, got "${soft}"`;
  if (QUEUE_PROVIDER !== "agenda") return;
  if (AGENDA_BACKEND === "mongo" && read.MONGODB_URL === "")
    yield "MONGODB_URL: should be set where AGENDA_BACKEND is mongo";
  if (AGENDA_BACKEND === "postgres" && read.DATABASE_URL === undefined)
    yield "DATABASE_URL: should be set where AGENDA_BACKEND is postgres";
}

function settingsOf(read: Variables): Settings {
  const hard = read.QUEUE_TIME_LIMIT;
  return {
    redis: { host: read.REDIS_HOST, port: read.REDIS_PORT, password: read.REDIS_PASSWORD, db: read.REDIS_DB },
    enabled: read.QUEUE_ENABLED,
    provider: read.QUEUE_PROVIDER,
    agenda: {
      backend: read.AGENDA_BACKEND ?? (read.MONGODB_URL !== "" ? "mongo" : read.DATABASE_URL ? "postgres" : "redis"),
      mongoUrl: read.MONGODB_URL,
      collection: read.QUEUE_COLLECTION,
    },
    databaseUrl: read.DATABASE_URL,
    stateDir: read.STATE_DIR,
    concurrency: read.QUEUE_CONCURRENCY,
    prefix: read.QUEUE_PREFIX,
    queues: read.QUEUES,
    attempts: read.QUEUE_DEFAULT_ATTEMPTS,
    backoffMs: read.QUEUE_DEFAULT_BACKOFF,
    // A minute of an hour's limit is what a job gets to end by itself.
    timeLimits: { soft: read.QUEUE_SOFT_TIME_LIMIT ?? (hard * 59) / 60, hard },
    maxJobs: read.QUEUE_MAX_JOBS,
    maxMemoryMb: read.QUEUE_MAX_MEMORY,
    eager: read.QUEUE_EAGER,
    encryptionKeys: read.QUEUE_ENCRYPTION_KEY,
  };
}
