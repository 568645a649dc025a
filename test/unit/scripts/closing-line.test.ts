import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TestCase, TestModule } from "vitest/node";
import ClosingLine from "../../support/closing-line";

let said: () => string[];
beforeEach(() => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  said = () => log.mock.calls.map(([line]) => String(line));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function caseOf(fullName: string, state: string, flaky = false): TestCase {
  const errors =
    flaky || state === "failed" ? [{ message: "too slow", stack: "at x\nat /app/test/a.test.ts:1:2" }] : [];
  const one = { project: { name: "twin" }, fullName, result: () => ({ state, errors }), diagnostic: () => ({ flaky }) };
  return one as unknown as TestCase;
}

function end(...tests: TestCase[]): void {
  const module = { project: { name: "twin" }, state: () => "passed", children: { allTests: () => tests } };
  new ClosingLine().onTestRunEnd([module as unknown as TestModule], []);
}

test("what this machine lacks is skipped by name", () => {
  vi.stubEnv("QUEUEHOST_LACKS_REQUIRED", undefined);
  end(caseOf("a machine boots", "skipped"));
  expect(said()).toEqual(["skipped: twin > a machine boots", "0 passed, 0 failed, 1 skipped"]);
});

test("it counts as failed, by name, where nothing may be lacking", () => {
  vi.stubEnv("QUEUEHOST_LACKS_REQUIRED", "Docker can't be used\nredis-server is not installed");
  end(caseOf("a machine boots", "skipped"));
  expect(said()).toEqual([
    "skipped: twin > a machine boots",
    "FAILED: required, and not on this machine: Docker can't be used",
    "FAILED: required, and not on this machine: redis-server is not installed",
    "0 passed, 2 failed, 1 skipped",
  ]);
});

test("what passed only when it was tried again is named", () => {
  vi.stubEnv("QUEUEHOST_LACKS_REQUIRED", undefined);
  end(caseOf("a machine boots", "passed"), caseOf("it answers", "passed", true), caseOf("it ends", "failed"));
  expect(said()).toEqual([
    "flaky: twin > it answers",
    "1 of the passed failed at first, and passed when tried again",
    "2 passed, 1 failed, 0 skipped",
  ]);
});

test("why a test failed is said when it does, at its first try too", () => {
  for (const [state, flaky] of [
    ["passed", false],
    ["passed", true],
    ["failed", false],
  ] as const)
    new ClosingLine().onTestCaseResult(caseOf("it answers", state, flaky));
  const why = "too slow\n\nat /app/test/a.test.ts:1:2\n";
  expect(said()).toEqual([`failed at first: twin > it answers\n${why}`, `failed: twin > it answers\n${why}`]);
});
