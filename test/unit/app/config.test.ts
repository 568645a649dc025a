import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SettingsInvalid } from "queuehost/jobs";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../app/src/config";

function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof SettingsInvalid) return error.message;
    throw error;
  }
  return "none";
}

describe("readConfig", () => {
  it("has a default for everything", () => {
    const { settings, services, ...own } = readConfig({});
    expect(own).toEqual({
      NODE_ENV: "development",
      HOST: "127.0.0.1",
      PORT: 3000,
      REDIS_CACHE_PORT: 6380,
      STATE_DIR: "./data",
      DRAIN_SECONDS: 20,
      CONFIRMATION_PACE_MS: 0,
      API_TOKENS: [],
      RATE_LIMIT: 1000,
    });
    expect(services.SMTP_URL).toBeUndefined();
    expect(settings).toMatchObject({ enabled: true, concurrency: 5, prefix: "queuehost", stateDir: "./data" });
  });

  it("takes an empty value for none", () => {
    expect(readConfig({ PORT: "", QUEUE_ENABLED: "" })).toMatchObject({ PORT: 3000, settings: { enabled: true } });
  });

  it("takes the .env of the seed guide, whose password is empty", () => {
    const env = {
      REDIS_HOST: "localhost",
      REDIS_PORT: "6379",
      REDIS_PASSWORD: "",
      REDIS_DB: "0",
      QUEUE_ENABLED: "true",
    };
    expect(readConfig({ ...env, QUEUE_CONCURRENCY: "5" })).toMatchObject({
      settings: { redis: { host: "localhost", password: "" }, concurrency: 5 },
    });
  });

  it("takes the queues in the order given", () => {
    expect(readConfig({ QUEUES: "low, high" })).toMatchObject({ settings: { queues: ["low", "high"] } });
  });

  it.each(["urgent", "high,high", "high,,low", ","])("refuses the queues %j", (QUEUES) => {
    expect(faultsOf({ QUEUES })).toContain(`with commas between them, got "${QUEUES}"\n`);
  });

  it("names every fault at once: where, what was expected, what was got, what to do", () => {
    const env = {
      NODE_ENV: "prod",
      PORT: "99999",
      REDIS_DB: "x",
      QUEUE_ENABLED: "yes",
      QUEUE_CONCURRENCY: "0",
      QUEUE_PREFIX: "a:b",
    };
    expect(faultsOf(env)).toBe(
      [
        'NODE_ENV: should be development, test or production, got "prod"',
        'PORT: should be a port from 1 to 65535, got "99999"',
        'REDIS_DB: should be a database number from 0 to 15, got "x"',
        'QUEUE_ENABLED: should be true or false, got "yes"',
        'QUEUE_CONCURRENCY: should be a whole number from 1 to 1000, got "0"',
        'QUEUE_PREFIX: should be letters, digits, - and _ (at most 64), got "a:b"',
        "Correct this in .env (or in the environment) and start again.",
      ].join("\n"),
    );
  });

  it("takes tokens by their role, and never shows one that is wrong", () => {
    const [viewer, operator] = ["v".repeat(24), "o".repeat(24)];
    expect(readConfig({ API_TOKENS: `viewer:${viewer}, operator:${operator}` }).API_TOKENS).toEqual([
      { role: "viewer", token: viewer },
      { role: "operator", token: operator },
    ]);
    for (const wrong of [`admin:${viewer}`, "viewer:short", `viewer:${viewer},operator:${viewer}`, viewer]) {
      const message = faultsOf({ API_TOKENS: wrong });
      expect(message).toContain("API_TOKENS: should be viewer:<token> or operator:<token>");
      expect(message).not.toContain(viewer);
      expect(message).not.toContain("short");
    }
  });

  it("names a variable with several faults once", () => {
    expect(faultsOf({ PORT: "-1" }).match(/PORT/g)).toHaveLength(1);
  });

  it("has every variable in its documentation", () => {
    const sources = ["app/src/config.ts", "app/src/services/settings.ts", "app/jobs/settings-from-env.ts"];
    const text = (file: string) => readFileSync(join(__dirname, "..", "..", "..", file), "utf8");
    const variables = sources.flatMap((file) => text(file).match(/(?<=^ {2})[A-Z][A-Z_]+(?=: )/gm) ?? []);
    expect(variables.length).toBeGreaterThan(30);
    const documented = text("docs/app.md").split("## Environment")[1];
    for (const variable of new Set(variables)) expect(documented).toContain(`\`${variable}\``);
  });
});
