// Long, because every fault that a configuration can have stands in it with the words in which it is told.
import { describe, expect, test } from "vitest";
import { ConfigError, parseConfig } from "../../infra/config/parse";
import { FAMILIES, KEYS, PROCESS_KEYS, REFERENCE } from "../../infra/config/schema";

const PLACE = { stack: "staging", project: "queuehost" };
const TOKEN = "a".repeat(64);
const valid = {
  "queuehost:ssh.allowedFrom": "203.0.113.7/32, 2001:db8::/48",
  "queuehost:redis.password": "correct-horse-battery",
  "hcloud:token": TOKEN,
};
const secrets = new Set(["queuehost:redis.password", "hcloud:token"]);

const parse = (entries: Record<string, string>, secret = secrets) => parseConfig(PLACE, entries, secret);

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

  test("is the reference application's without app.path, and nobody's else with it", () => {
    const settings = parse(valid);
    expect(settings).toMatchObject(Object.fromEntries(Object.entries(REFERENCE)));
    expect(settings.workers).toEqual({ "": REFERENCE["app.worker"] });
    const other = parse({ ...valid, "queuehost:app.path": "../shop", "queuehost:app.backend": "npm start" });
    expect(other["app.output"]).toBeUndefined();
    expect(other["app.smokeTest"]).toBeUndefined();
    expect(other.workers).toEqual({});
  });

  test("has groups of workers, with and without a name, and people by name", () => {
    const settings = parse({
      ...valid,
      "queuehost:app.path": "../shop",
      "queuehost:app.worker": "node worker.js",
      "queuehost:app.worker.mail": "node worker.js mail",
      "queuehost:ssh.authorizedKeys": "ssh-ed25519 AAAAC3Nz first",
      "queuehost:ssh.key.anna": "ssh-ed25519 AAAAC3Nz anna@laptop",
    });
    expect(settings.workers).toEqual({ "": "node worker.js", mail: "node worker.js mail" });
    expect(settings["ssh.authorizedKeys"]).toEqual(["ssh-ed25519 AAAAC3Nz first", "ssh-ed25519 AAAAC3Nz anna@laptop"]);
  });

  test("takes types and locations in order of preference", () => {
    const settings = parse({ ...valid, "queuehost:server.type": "cx23, cax11", "queuehost:server.location": "hel1" });
    expect(settings["server.type"]).toEqual(["cx23", "cax11"]);
    expect(settings["server.location"]).toEqual(["hel1"]);
    expect(parse(valid)["server.location"]).toEqual(["nbg1", "fsn1", "hel1"]);
  });

  test("says of each process what is to be different", () => {
    const settings = parse({
      ...valid,
      "queuehost:app.worker.mail": "node worker.js mail",
      "queuehost:process.backend.instances": "3",
      "queuehost:process.worker-mail.queues": "high, default",
      "queuehost:process.worker-mail.memory": "512MB",
      "queuehost:process.worker.stopTimeout": "300",
    });
    expect(settings.processes).toEqual({
      backend: { instances: 3 },
      "worker-mail": { queues: ["high", "default"], memory: "512mb" },
      worker: { stopTimeout: 300 },
    });
    expect(parse(valid).processes).toEqual({});
  });

  test("keeps the token in the environment, where the team has it there", () => {
    const { "hcloud:token": _, ...rest } = valid;
    expect(parseConfig(PLACE, rest, secrets, TOKEN).stack).toBe("staging");
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

  test("are mended under the full name in a project of another name", () => {
    const entries = { ...valid, "queuehost:redis.maxmemory": "lots", "queuehost:oops": "1" };
    expect(() => parseConfig({ stack: "staging", project: "intranet" }, entries, secrets)).toThrow(
      /config set queuehost:redis\.maxmemory 512mb(.|\n)*config rm queuehost:oops/,
    );
  });

  test("name the application's folder in a project that has no reference application", () => {
    expect(() => parseConfig({ stack: "staging", project: "intranet" }, valid, secrets)).toThrow(
      "has 1 fault:\n  app.path: should be a folder such as ../intranet, is not set\n" +
        "      npx pulumi config set queuehost:app.path ../intranet --stack staging",
    );
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
    ["app.folders", "uploads, ../../etc"],
    ["app.folders", "/var/lib"],
    ["app.folders", "uploads, .env.d"],
    ["app.folders", "storage, storage/uploads"],
    ["app.output", "dist/../.."],
    ["app.backend", "node a.js\nreboot"],
    ["app.backend", "node\ta.js"],
    ["app.health", "/health?full=1"],
    ["app.port", "80"],
    ["app.node", "18"],
    ["app.packages", "ghostscript; reboot"],
    ["app.worker.mail", "\n"],
    ["server.type", "cx23; cx33"],
    ["redis.keyPatterns", "* +@all"],
    ["ssh.key.anna", "ssh-ed25519"],
    ["domain", "app.example.org, localhost"],
    ["domain", "App.example.org"],
    ["domain.email", "ops"],
    ["app.release", "latest"],
    ["app.keepReleases", "1"],
    ["processManager", "forever"],
    ["watch.seconds", "3601"],
    ["process.worker.queues", "a:b"],
  ])("refuse %s: %s", (name, value) => {
    expect(faultsOf({ ...valid, [`queuehost:${name}`]: value })[0]).toMatch(
      new RegExp(`^  ${name}: should be .*, got `),
    );
  });

  test("name processes that aren't there, and settings that no process has", () => {
    const faults = faultsOf({
      ...valid,
      "queuehost:process.worker-mail.memory": "512mb",
      "queuehost:process.backend.queues": "high",
      "queuehost:process.worker.instances": "9",
      "queuehost:process.worker.instnces": "2",
      "queuehost:process.worker.toString": "2",
      "queuehost:process.workr.memory": "512mb",
    });
    expect(faults.filter((_, index) => index % 2 === 0)).toEqual([
      '  process.worker.instances: should be a whole number from 1 to 8, got "9"',
      "  process.worker.instnces: is no key of queuehost; did you mean process.worker.instances?",
      "  process.worker.toString: is no key of queuehost",
      "  process.workr.memory: is no key of queuehost; did you mean process.worker.memory?",
      "  process.worker-mail.memory: is for a process that isn't there: app.worker.mail is not set",
      "  process.backend.queues: is for groups of workers: the backend serves no queue",
    ]);
    expect(faults[9]).toBe("      npx pulumi config rm process.worker-mail.memory --stack staging");
  });

  test.each([
    ["app.port", "6370", "should leave 16 ports for instances, 6370 to 6385; 6379 is that of the queue's Redis"],
    ["app.port", "65530", "should leave 16 ports for instances, 65530 to 65545; there are none above 65535"],
    ["app.spa", "true", "is for the files of app.static, which is not set"],
    ["domain.zone", "example.org", "is for a domain, which is not set"],
    ["domain.email", "ops@example.org", "is for a domain, which is not set"],
  ])("refuse %s %s: %s", (name, value, reason) => {
    expect(faultsOf({ ...valid, [`queuehost:${name}`]: value })[0]).toContain(`  ${name}: ${reason}`);
  });

  test("name a domain outside of the zone", () => {
    const entries = { "queuehost:domain": "app.example.org, app.example.com", "queuehost:domain.zone": "example.org" };
    expect(faultsOf({ ...valid, ...entries })).toEqual([
      "  domain.zone: should be the zone of every domain; app.example.com isn't in example.org",
      "      npx pulumi config rm domain.zone --stack staging",
    ]);
  });

  test.each([
    ["storage-box", {}, ["backups.password: is not set, and backups.to is storage-box"]],
    [
      "s3:https://fsn1.your-objectstorage.com/bucket",
      { password: "correct-horse-battery" },
      ["s3.accessKeyId", "s3.secretAccessKey"].map(
        (name) => `backups.${name}: is not set, and backups.to is s3:https://fsn1.your-objectstorage.com/bucket`,
      ),
    ],
    [
      "/mnt/backups",
      { password: "correct-horse-battery", "s3.accessKeyId": "id" },
      ["backups.s3.accessKeyId: is for an S3 bucket; backups.to is /mnt/backups"],
    ],
    [
      undefined,
      { password: "correct-horse-battery", appendOnly: "true" },
      ["password", "appendOnly"].map((name) => `backups.${name}: is for backups off the server: backups.to is not set`),
    ],
    ["/mnt/backups", { password: "correct-horse-battery" }, []],
  ])("name what backups to %s lack or don't need", (to, keys, expected) => {
    const named = Object.entries({ ...keys, ...(to && { to }) }).map(([name, value]) => [
      `queuehost:backups.${name}`,
      value,
    ]);
    const secret = new Set([...secrets, ...named.map(([name = ""]) => name)]);
    const faults = faultsOf({ ...valid, ...Object.fromEntries(named) }, secret);
    expect(faults.filter((_, index) => index % 2 === 0)).toEqual(expected.map((fault) => `  ${fault}`));
  });

  test("name a password that stands in clear once", () => {
    const entries = { "queuehost:backups.to": "storage-box", "queuehost:backups.password": "correct-horse-battery" };
    expect(faultsOf({ ...valid, ...entries })[0]).toBe(
      "  backups.password: should be set as a secret, stands in clear",
    );
    expect(faultsOf({ ...valid, ...entries })).toHaveLength(2);
  });

  test("name a database that PostgreSQL keeps for itself", () => {
    const named = { ...valid, "queuehost:app.name": "postgres" };
    expect(faultsOf(named)).toEqual([]);
    expect(faultsOf({ ...named, "queuehost:postgres.enabled": "true" })).toEqual([
      `  app.name: should be none of PostgreSQL's own databases (postgres, template0, template1), got "postgres"`,
      "      npx pulumi config set app.name intranet --stack staging",
    ]);
  });

  test("name an application of which nothing would run, and members that can't be named so", () => {
    const faults = faultsOf({
      ...valid,
      "queuehost:app.path": "../shop",
      "queuehost:app.worker.Mail": "node worker.js",
      "queuehost:app.wroker.mail": "node worker.js",
    });
    expect(faults).toEqual([
      "  app.worker.Mail: should end in a name: a-z, 0-9 and -, at most 31 characters",
      "      npx pulumi config rm app.worker.Mail --stack staging",
      "  app.wroker.mail: is no key of queuehost; did you mean app.worker.mail?",
      "      npx pulumi config rm app.wroker.mail --stack staging",
      "  app.backend: should be a command on one line such as node dist/server.js, is not set, and neither is app.worker nor app.static: nothing would run",
      "      npx pulumi config set app.backend 'node dist/server.js' --stack staging",
    ]);
  });

  test.each(["hourly", "*-*-* 03:15:00", "Mon..Fri *-*-* 04:00", "*:0/15", "2026-*-01 00:00:00"])(
    "a backup can be made %s",
    (schedule) => {
      expect(faultsOf({ ...valid, "queuehost:backups.schedule": schedule })).toEqual([]);
    },
  );
});

test("every key's example and default is valid, and every kind says what it expects", () => {
  for (const [name, key] of Object.entries({ ...KEYS, ...FAMILIES, ...PROCESS_KEYS })) {
    if ("default" in key) expect(key.kind.safeParse(key.default).success, name).toBe(true);
    const made = "secret" in key || key.example.includes("AAAA...");
    if (!made) expect(key.kind.safeParse(key.example).success, name).toBe(true);
    if (name !== "env.") expect(key.kind.safeParse("\0").error?.issues[0]?.message, name).toMatch(/^\S.*[^.]$/);
  }
});
