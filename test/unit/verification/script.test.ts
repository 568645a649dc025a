import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "../../../scripts/verification/rows";
import { concerns, script } from "../../../scripts/verification/script";

let host: string;

beforeEach(() => {
  host = mkdtempSync(join(tmpdir(), "queuehost-host-"));
  writeFileSync(join(host, "lib-verify.sh"), `pass() { printf '%s\\tok\\t%s\\n' "$1" "$2"; }\n`);
});
afterEach(() => rmSync(host, { recursive: true, force: true }));

function add(concern: string, ...lines: string[]) {
  mkdirSync(join(host, concern));
  writeFileSync(join(host, concern, "verify.sh"), `${lines.join("\n")}\n`);
}

/** Runs it with bash, as the server does, and reads the answer. */
const answer = (expected: Record<string, string> = {}) =>
  parse(execFileSync("bash", ["-s"], { input: script(expected, host), encoding: "utf8" }));

const failed = (concern: string, seen: string) => ({ concern, name: "verify.sh", ok: false, seen });

test("every concern with a verify.sh is asked, with the library, in the order of names", () => {
  add("redis", "pass two b");
  add("app", "pass one a");
  mkdirSync(join(host, "hostkey"));
  expect(concerns(host)).toEqual(["app", "redis"]);
  expect(answer()).toEqual([
    { concern: "app", name: "one", ok: true, seen: "a" },
    { concern: "redis", name: "two", ok: true, seen: "b" },
  ]);
});

test("expectations arrive as they are, whatever is in them", () => {
  add("app", 'pass quotes "$EXPECT"');
  const value = `it's "900 1" $HOME \\n`;
  expect(answer({ EXPECT: value })).toEqual([{ concern: "app", name: "quotes", ok: true, seen: value }]);
});

test("an expectation that isn't sent fails, by its name", () => {
  add("app", ": $" + "{EXPECT_RELEASE:?}", "pass never reached");
  expect(answer()).toEqual([failed("app", expect.stringContaining("EXPECT_RELEASE: parameter null or not set"))]);
});

test("one that complains, dies or ends within a line fails alone", () => {
  add("app", "pass before this", "no-such-command", "pass after that");
  add("env", "pass before this", "exit 7");
  add("proxy", "printf half-a-line", "exit 3");
  add("redis", "pass all good");
  expect(answer()).toEqual([
    { concern: "app", name: "before", ok: true, seen: "this" },
    { concern: "app", name: "after", ok: true, seen: "that" },
    failed("app", expect.stringContaining("no-such-command: command not found")),
    { concern: "env", name: "before", ok: true, seen: "this" },
    failed("env", "ended with 7"),
    failed("proxy", "no check: proxy half-a-line"),
    failed("proxy", "ended with 3"),
    { concern: "redis", name: "all", ok: true, seen: "good" },
  ]);
});
