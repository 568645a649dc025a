import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config/parse";
import { settingsDigest } from "../../../infra/rehearsal/digest";
import { isRehearsed, keepRecord, type Pair, readRecord, recordFile } from "../../../infra/rehearsal/record";

const digest = (more: Readonly<Record<string, string>> = {}, password = "0123456789abcdef0123456789abcdef") =>
  settingsDigest(
    parseConfig(
      { stack: "production", project: "queuehost" },
      Object.fromEntries(
        Object.entries({
          "ssh.allowedFrom": "203.0.113.7/32",
          "redis.password": password,
          "env.MODE": "live",
          "env.API_KEY": "s3cret",
          ...more,
        }).map(([key, value]) => [`queuehost:${key}`, value]),
      ),
      new Set(["queuehost:redis.password", "queuehost:env.API_KEY"]),
      "t".repeat(64),
    ),
  );

describe("the digest of settings", () => {
  test.each([
    ["a variable", { "env.MODE": "test" }],
    ["a secret", { "env.API_KEY": "other" }],
    ["a setting of Redis", { "redis.maxmemory": "1gb" }],
    ["the processes", { "process.worker.instances": "3" }],
  ])("is another one when %s changes", (_, changed) => {
    expect(digest(changed)).not.toBe(digest());
  });

  test.each([
    ["who may log in", { "ssh.allowedFrom": "203.0.113.8/32" }],
    ["where backups go", { "backups.keep": "3" }],
    ["whether a rehearsal is asked for", { requireRehearsal: "true" }],
    ["the release that is held", { "app.release": "0123456789ab" }],
    ["nothing but the order", { "env.MODE": "live", "env.A": "", "env.API_KEY": "s3cret" }],
  ])("stays when %s changes", (_, changed) => {
    const without = Object.fromEntries(Object.entries(changed).filter(([key]) => key === "env.A"));
    expect(digest(changed)).toBe(digest(without));
  });

  test("can't be guessed from the settings alone", () => {
    expect(digest({}, "f".repeat(32))).not.toBe(digest());
  });
});

describe("whether an up may go on", () => {
  const wanted: Pair = { release: "new", settings: "s1" };
  const live: Pair = { release: "old", settings: "s1" };
  const rehearsed = (pair: Pair, ok = true) => [{ ...pair, at: "2026-11-22T14:00:00Z", ok, failures: 0 }];

  test("not with what wasn't rehearsed, or not well, or not together", () => {
    expect(isRehearsed(wanted, false, live, [])).toBe(false);
    expect(isRehearsed(wanted, false, live, rehearsed(wanted, false))).toBe(false);
    const apart = [
      ...rehearsed({ release: "new", settings: "s2" }),
      ...rehearsed({ release: "other", settings: "s1" }),
    ];
    expect(isRehearsed(wanted, false, live, apart)).toBe(false);
  });

  test("with what was rehearsed", () => {
    expect(isRehearsed(wanted, false, live, rehearsed(wanted))).toBe(true);
  });

  test("where nothing changes, where nothing is there yet, and back to a release that was in service", () => {
    expect(isRehearsed(live, false, live, [])).toBe(true);
    expect(isRehearsed(wanted, false, undefined, [])).toBe(true);
    expect(isRehearsed(wanted, true, live, [])).toBe(true);
    expect(isRehearsed({ ...wanted, settings: "s2" }, true, live, [])).toBe(false);
  });
});

describe("the record", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "queuehost-record-"));
  });
  afterEach(() => rmSync(project, { recursive: true }));
  const one = (n: number) => ({ release: `r${n}`, settings: "s", at: "now", ok: true, failures: 0, report: { n } });

  test("keeps the newest of a stack, for its owner alone", () => {
    expect(readRecord(project, "production")).toEqual([]);
    for (let n = 0; n < 12; n++) keepRecord(project, "production", one(n));
    expect(readRecord(project, "production").map(({ release }) => release)).toEqual(
      Array.from({ length: 10 }, (_, n) => `r${11 - n}`),
    );
    expect(readRecord(project, "production")[0]).toEqual(one(11));
    expect(statSync(recordFile(project, "production")).mode & 0o777).toBe(0o600);
    expect(readRecord(project, "staging")).toEqual([]);
    expect(readRecord(project, "acme/production")).toHaveLength(10);
    expect(readFileSync(join(project, ".queuehost/.gitignore"), "utf8")).toBe("*\n");
  });

  test("that somebody damaged proves nothing", () => {
    keepRecord(project, "production", one(1));
    writeFileSync(recordFile(project, "production"), '[{"release": "r1", "ok": "yes"}]');
    expect(readRecord(project, "production")).toEqual([]);
  });
});
