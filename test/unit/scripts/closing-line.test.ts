import { afterEach, expect, test, vi } from "vitest";
import type { TestModule } from "vitest/node";
import ClosingLine from "../../support/closing-line";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function said(): string[] {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const one = { project: { name: "twin" }, fullName: "a machine boots", result: () => ({ state: "skipped" }) };
  const module = { ...one, state: () => "skipped", children: { allTests: () => [one] } };
  new ClosingLine().onTestRunEnd([module as unknown as TestModule], []);
  return log.mock.calls.map(([line]) => String(line));
}

test("what this machine lacks is skipped by name", () => {
  vi.stubEnv("QUEUEHOST_LACKS_REQUIRED", undefined);
  expect(said()).toEqual(["skipped: twin > a machine boots", "0 passed, 0 failed, 1 skipped"]);
});

test("it counts as failed, by name, where nothing may be lacking", () => {
  vi.stubEnv("QUEUEHOST_LACKS_REQUIRED", "Docker can't be used\nredis-server is not installed");
  expect(said()).toEqual([
    "skipped: twin > a machine boots",
    "FAILED: required, and not on this machine: Docker can't be used",
    "FAILED: required, and not on this machine: redis-server is not installed",
    "0 passed, 2 failed, 1 skipped",
  ]);
});
