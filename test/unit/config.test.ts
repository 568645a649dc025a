import { describe, expect, test } from "vitest";
import { ConfigError, parseConfig } from "../../infra/config/parse";
import { KEYS } from "../../infra/config/schema";

const TOKEN = "a".repeat(64);
const valid = {
  "queuehost:ssh.allowedFrom": "203.0.113.7/32, 2001:db8::/48",
  "queuehost:redis.password": "correct-horse-battery",
  "hcloud:token": TOKEN,
};
const secrets = new Set(["queuehost:redis.password", "hcloud:token"]);

const parse = (entries: Record<string, string>, secret = secrets) => parseConfig("staging", entries, secret);

function faultsOf(entries: Record<string, string>, secret = secrets): string[] {
  try {
    parse(entries, secret);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
}

describe("a valid configuration", () => {
  test("is read with its defaults", () => {
    const settings = parse(valid);
    expect(settings["ssh.allowedFrom"]).toEqual(["203.0.113.7/32", "2001:db8::/48"]);
    expect(settings["server.name"]).toBe("queuehost-staging");
    expect(settings["redis.maxmemoryPolicy"]).toBe("noeviction");
    expect(settings["queue.concurrency"]).toBe(5);
    expect(settings["queue.enabled"]).toBe(true);
    expect(settings["ssh.authorizedKeys"]).toBeUndefined();
  });

  test("takes lists as JSON too, sizes in any case, and the team's own env", () => {
    const settings = parse({
      ...valid,
      "queuehost:ssh.allowedFrom": '["203.0.113.7/32"]',
      "queuehost:redis.maxmemory": "1GB",
      "queuehost:env.API_KEY": "x y",
    });
    expect(settings["ssh.allowedFrom"]).toEqual(["203.0.113.7/32"]);
    expect(settings["redis.maxmemory"]).toBe("1gb");
    expect(settings.env).toEqual({ API_KEY: "x y" });
  });

  test("keeps the token in the environment, where the team has it there", () => {
    const { "hcloud:token": _, ...rest } = valid;
    expect(parseConfig("staging", rest, secrets, TOKEN).stack).toBe("staging");
  });
});

describe("faults", () => {
  test("come all at once, each with path, expectation, what was got, and the line that mends it", () => {
    expect(
      faultsOf({
        ...valid,
        "queuehost:redis.maxmemory": "lots",
        "queuehost:queue.concurrency": "0",
        "queuehost:redis.maxmemroy": "1gb",
      }),
    ).toEqual([
      '  queue.concurrency: should be a whole number from 1 to 1000, got "0"',
      "      npx pulumi config set queue.concurrency 5 --stack staging",
      '  redis.maxmemory: should be a size such as 512mb, got "lots"',
      "      npx pulumi config set redis.maxmemory 512mb --stack staging",
      "  redis.maxmemroy: is no key of queuehost; did you mean redis.maxmemory?",
      "      npx pulumi config rm redis.maxmemroy --stack staging",
    ]);
  });

  test("name what is missing", () => {
    expect(faultsOf({})).toEqual([
      "  ssh.allowedFrom: should be address ranges such as 203.0.113.7/32 or 198.51.100.0/24, separated by commas, is not set",
      "      npx pulumi config set ssh.allowedFrom 203.0.113.7/32 --stack staging",
      "  redis.password: should be at least 16 letters, digits and signs, without spaces, quotes, $ and \\, is not set",
      "      openssl rand -hex 24 | npx pulumi config set --secret redis.password --stack staging",
      "  hcloud:token: should be an API token of Hetzner Cloud, is not set",
      "      npx pulumi config set --secret hcloud:token --stack staging",
    ]);
  });

  test("refuse a secret in clear, and never show one", () => {
    const [clear] = faultsOf(valid, new Set(["hcloud:token"]));
    expect(clear).toBe("  redis.password: should be set as a secret, stands in clear");
    const shown = faultsOf({ ...valid, "queuehost:redis.password": "tooshort", "hcloud:token": "oops" }).join("\n");
    expect(shown).toContain("got 8 characters that don't fit");
    expect(shown).not.toMatch(/tooshort|oops/);
  });

  test("name keys and values that no .env carries, and keys that queuehost sets itself", () => {
    const faults = faultsOf({
      ...valid,
      "queuehost:env.API-KEY": "x",
      "queuehost:env.MOTTO": `it's "$HOME"`,
      "queuehost:env.REDIS_DB": "3",
    });
    expect(faults.filter((_, index) => index % 2 === 0)).toEqual([
      "  env.API-KEY: should be letters, digits and underscores, not starting with a digit",
      expect.stringContaining("  env.MOTTO: has a single quote together with"),
      "  env.REDIS_DB: is set by queuehost itself: use its own setting",
    ]);
    expect(faults[1]).toBe("      npx pulumi config rm env.API-KEY --stack staging");
  });

  test.each([
    ["backups.schedule", "lots"],
    ["backups.schedule", "25 o'clock"],
    ["ssh.allowedFrom", "203.0.113.7/24"],
    ["ssh.allowedFrom", "everyone"],
    ["redis.save", "900"],
    ["app.name", "-rf"],
    ["queue.prefix", "a b"],
  ])("refuse %s: %s", (name, value) => {
    expect(faultsOf({ ...valid, [`queuehost:${name}`]: value })[0]).toMatch(
      new RegExp(`^  ${name}: should be .*, got `),
    );
  });

  test.each(["hourly", "*-*-* 03:15:00", "Mon..Fri *-*-* 04:00", "*:0/15", "2026-*-01 00:00:00"])(
    "a backup can be made %s",
    (schedule) => {
      expect(faultsOf({ ...valid, "queuehost:backups.schedule": schedule })).toEqual([]);
    },
  );
});

test("every key's example and default is valid, and every kind says what it expects", () => {
  for (const [name, key] of Object.entries(KEYS)) {
    if ("default" in key) expect(key.kind.safeParse(key.default).success, name).toBe(true);
    const made = "secret" in key || key.example.includes("AAAA...");
    if (!made) expect(key.kind.safeParse(key.example).success, name).toBe(true);
    expect(key.kind.safeParse("\0").error?.issues[0]?.message, name).toMatch(/^\S.*[^.]$/);
  }
});
