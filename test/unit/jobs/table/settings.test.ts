import { describe, expect, it } from "vitest";
import { SettingsInvalid } from "../../../../app/jobs/errors";
import { readSettings } from "../../../../app/jobs/settings-from-env";

function faultsOf(env: Record<string, string>, queues?: readonly string[]): readonly string[] {
  try {
    const table = queues && { queues: Object.fromEntries(queues.map((name) => [name, { description: "" }])) };
    readSettings(env, table);
  } catch (error) {
    if (error instanceof SettingsInvalid) return error.lines;
    throw error;
  }
  return [];
}

describe("readSettings", () => {
  it("has a default for everything", () => {
    expect(readSettings({ PORT: "not ours" })).toEqual({
      redis: { host: "127.0.0.1", port: 6379, password: "", db: 0 },
      enabled: true,
      provider: "bullmq",
      agenda: { backend: "redis", mongoUrl: "", collection: "agenda_jobs" },
      databaseUrl: undefined,
      stateDir: "./data",
      concurrency: 5,
      prefix: "queuehost",
      queues: undefined,
      attempts: 3,
      backoffMs: 2000,
      timeLimits: { soft: 3540, hard: 3600 },
      maxJobs: 0,
      maxMemoryMb: 0,
      eager: false,
      encryptionKeys: [],
    });
  });

  it("takes an empty value for none, and Bull's old name for BullMQ", () => {
    expect(readSettings({ REDIS_PORT: "", QUEUES: "", QUEUE_PROVIDER: "bull" })).toEqual(readSettings({}));
  });

  it("takes what the guides write", () => {
    const env = { QUEUE_PREFIX: "planning-bord", QUEUE_DEFAULT_ATTEMPTS: "5", QUEUE_DEFAULT_BACKOFF: "500" };
    expect(readSettings(env)).toMatchObject({ prefix: "planning-bord", attempts: 5, backoffMs: 500 });
    const agenda = { QUEUE_PROVIDER: "agenda", MONGODB_URL: "mongodb://localhost:27017/vale_db" };
    expect(readSettings({ ...agenda, QUEUE_COLLECTION: "jobs" })).toMatchObject({
      provider: "agenda",
      agenda: { backend: "mongo", mongoUrl: "mongodb://localhost:27017/vale_db", collection: "jobs" },
    });
  });

  it("has Agenda keep its jobs where a database is", () => {
    const DATABASE_URL = "postgresql:///app?host=/run/postgresql";
    expect(readSettings({ DATABASE_URL }).agenda.backend).toBe("postgres");
    expect(readSettings({ DATABASE_URL, MONGODB_URL: "mongodb://h" }).agenda.backend).toBe("mongo");
    expect(readSettings({ DATABASE_URL, AGENDA_BACKEND: "redis" }).agenda.backend).toBe("redis");
  });

  it("leaves a job the last sixtieth of its time to end by itself", () => {
    expect(readSettings({ QUEUE_TIME_LIMIT: "60" }).timeLimits).toEqual({ soft: 59, hard: 60 });
    expect(readSettings({ QUEUE_SOFT_TIME_LIMIT: "60" }).timeLimits).toEqual({ soft: 60, hard: 3600 });
  });

  it("encrypts with the first of several keys", () => {
    const [a, b] = ["a", "b"].map((letter) => Buffer.from(letter.repeat(32)));
    const { encryptionKeys } = readSettings({
      QUEUE_ENCRYPTION_KEY: `2026:${a?.toString("base64")}, 2025:${b?.toString("base64")}`,
    });
    expect(encryptionKeys.map(({ id, key }) => [id, Buffer.from(key).toString()])).toEqual([
      ["2026", "a".repeat(32)],
      ["2025", "b".repeat(32)],
    ]);
  });

  it("names every fault at once, with what was got", () => {
    const env = {
      REDIS_PORT: "70000",
      REDIS_DB: "16",
      QUEUE_ENABLED: "ja",
      QUEUE_PROVIDER: "celery",
      QUEUE_PREFIX: "a:b",
    };
    expect(faultsOf({ ...env, QUEUE_CONCURRENCY: "0", QUEUE_MAX_JOBS: "-1" })).toEqual([
      'REDIS_PORT: should be a port from 1 to 65535, got "70000"',
      'REDIS_DB: should be a database number from 0 to 15, got "16"',
      'QUEUE_ENABLED: should be true or false, got "ja"',
      'QUEUE_PROVIDER: should be bullmq or agenda, got "celery"',
      'QUEUE_CONCURRENCY: should be a whole number from 1 to 1000, got "0"',
      'QUEUE_PREFIX: should be letters, digits, - and _ (at most 64), got "a:b"',
      'QUEUE_MAX_JOBS: should be a whole number from 0 to 1000000000, got "-1"',
    ]);
  });

  it("shows no secret", () => {
    const env = { QUEUE_ENCRYPTION_KEY: "geheim", DATABASE_URL: "mysql://geheim@h", MONGODB_URL: "geheim" };
    const faults = faultsOf(env);
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain("geheim");
  });

  it.each(["urgent", "high,high", "high,,low", ","])("refuses the queues %j", (QUEUES) => {
    expect(faultsOf({ QUEUES }, ["high", "low"])).toEqual([
      `QUEUES: should be some of high, low, each once, the most urgent first, with commas between them, got "${QUEUES}"`,
    ]);
  });

  it("takes queues in the order given", () => {
    expect(readSettings({ QUEUES: "low, high" }).queues).toEqual(["low", "high"]);
  });

  it.each([
    [{ QUEUE_TIME_LIMIT: "10", QUEUE_SOFT_TIME_LIMIT: "20" }, "QUEUE_SOFT_TIME_LIMIT"],
    [{ QUEUE_PROVIDER: "agenda", AGENDA_BACKEND: "mongo" }, "MONGODB_URL"],
    [{ QUEUE_PROVIDER: "agenda", AGENDA_BACKEND: "postgres" }, "DATABASE_URL"],
    [{ QUEUE_ENCRYPTION_KEY: `a:${"A".repeat(43)}=,a:${"B".repeat(42)}A=` }, "QUEUE_ENCRYPTION_KEY"],
  ])("refuses what contradicts itself: %j", (env, key) => {
    expect(faultsOf(env)).toEqual([expect.stringMatching(`^${key}: should be `)]);
  });
});
