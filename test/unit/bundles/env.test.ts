import { describe, expect, test } from "vitest";
import { type EnvSettings, envBundle } from "../../../infra/bundles/env";
import { EnvError, renderEnv } from "../../../infra/bundles/env-file";

const settings: EnvSettings = {
  name: "intranet",
  nodeEnv: "production",
  port: 3000,
  redisHost: "127.0.0.1",
  redisPort: 6379,
  redisPassword: "it's secret",
  redisDb: 0,
  redisCachePort: 6380,
  queueEnabled: true,
  queueConcurrency: 5,
  queuePrefix: "planning-bord",
  extra: { SMTP_URL: "smtp://mail.example.org:587", GREETING: "Grüß Gott\nund hallo", ZERO: "" },
};

const contentOf = (bundle: ReturnType<typeof envBundle>, path: string) =>
  bundle.files.find((file) => file.path === path)?.content;

function faultsOf(extra: Record<string, string>): readonly { path: string; reason: string }[] {
  try {
    renderEnv({ REDIS_PASSWORD: "fine" }, extra);
  } catch (error) {
    if (error instanceof EnvError) return error.faults;
    throw error;
  }
  return [];
}

describe("the .env", () => {
  test("as a whole", () => {
    expect(contentOf(envBundle(settings), "env")).toBe(`NODE_ENV='production'
HOST='127.0.0.1'
PORT='3000'
REDIS_HOST='127.0.0.1'
REDIS_PORT='6379'
REDIS_PASSWORD="it's secret"
REDIS_DB='0'
REDIS_CACHE_PORT='6380'
QUEUE_ENABLED='true'
QUEUE_CONCURRENCY='5'
QUEUE_PREFIX='planning-bord'
STATE_DIR='/var/lib/intranet'
REDIS_URL='redis://:it%27s%20secret@127.0.0.1:6379/0'
GREETING='Grüß Gott
und hallo'
SMTP_URL='smtp://mail.example.org:587'
ZERO=''
`);
  });

  test("travels with what applies it, and the secrets only in the one file that nobody else may read", () => {
    const { files } = envBundle(settings);
    expect(files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      "755 apply.sh",
      "600 env",
      "644 lib.sh",
      "644 lock.sh",
      "644 settings.sh",
      "644 sides.sh",
    ]);
    expect(files.filter(({ content }) => /it('|%27)s( |%20)secret/.test(content)).map(({ path }) => path)).toEqual([
      "env",
    ]);
    expect(
      contentOf(envBundle(settings), "settings.sh"),
    ).toBe(`# shellcheck shell=sh disable=SC2034 # whose .env this is; read by apply.sh
name='intranet'
`);
  });

  test("has a URL for the database, where there is one", () => {
    const databaseUrl = "postgresql://app@localhost/intranet?host=/run/postgresql";
    expect(contentOf(envBundle({ ...settings, databaseUrl }), "env")).toContain(`\nDATABASE_URL='${databaseUrl}'\n`);
    expect(contentOf(envBundle(settings), "env")).not.toContain("DATABASE_URL");
  });

  test("leaves the URLs to the team, where it sets them itself", () => {
    const extra = { REDIS_URL: "redis://elsewhere:6379", DATABASE_URL: "mysql://elsewhere" };
    const text = contentOf(envBundle({ ...settings, databaseUrl: "postgresql://ours", extra }), "env") ?? "";
    expect(text.match(/^(REDIS|DATABASE)_URL=.*$/gm)).toEqual([
      "DATABASE_URL='mysql://elsewhere'",
      "REDIS_URL='redis://elsewhere:6379'",
    ]);
  });

  test("is equal for equal settings, in whatever order the keys come", () => {
    const extra = Object.fromEntries(Object.entries(settings.extra).reverse());
    expect(envBundle({ ...settings, extra }).digest).toBe(envBundle(settings).digest);
    expect(envBundle({ ...settings, queueConcurrency: 6 }).digest).not.toBe(envBundle(settings).digest);
  });
});

describe("what no .env can carry", () => {
  test.each([
    ["a'b$c", "has a single quote together with $"],
    [`'"\\\``, 'has a single quote together with " \\ `'],
    ["path\\", "ends in a backslash"],
  ])("%j is refused with its key, and the four readers are named", (value, why) => {
    expect(faultsOf({ TOKEN: value })).toEqual([
      {
        path: "env.TOKEN",
        reason: `${why}: systemd, dotenv, Node and a shell would read it differently; change the value, or store it as base64`,
      },
    ]);
  });

  test.each([
    ["carriage return", "a\rb", "has a carriage return, which no .env can carry"],
    ["NUL", "a\0b", "has a NUL, which no .env can carry"],
    ["half a pair", "\ud800", "has a character that is no valid UTF-8 text"],
    ["noncharacter", "\uffff", "has a character that is no valid UTF-8 text"],
    [
      "too much",
      "x".repeat(131_072),
      "is 131079 bytes long with its key; Linux starts no process with more than 131072",
    ],
  ])("%s", (_, value, reason) => {
    expect(faultsOf({ TOKEN: value })).toEqual([{ path: "env.TOKEN", reason }]);
  });

  test("keys that no shell can set, that are ours, or that shells own", () => {
    expect(faultsOf({ "SMTP-URL": "x", "1ST": "x", REDIS_PASSWORD: "x", UID: "0" })).toEqual([
      { path: "env.1ST", reason: "should be letters, digits and underscores, not starting with a digit" },
      { path: "env.REDIS_PASSWORD", reason: "is set by queuehost itself: use its own setting" },
      { path: "env.SMTP-URL", reason: "should be letters, digits and underscores, not starting with a digit" },
      { path: "env.UID", reason: "is a name that shells keep for themselves: choose another" },
    ]);
  });

  test("every fault is told at once, and no value is", () => {
    const tell = () => renderEnv({ REDIS_PASSWORD: "geheim'$" }, { TOKEN: "heimlich\\", FINE: "fine" });
    expect(tell).toThrow(/^REDIS_PASSWORD: has a single quote.*\nenv\.TOKEN: ends in a backslash.*$/);
    expect(tell).not.toThrow(/geheim|heimlich/);
  });
});
