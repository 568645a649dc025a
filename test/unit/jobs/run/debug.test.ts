import { afterEach, expect, it, vi } from "vitest";
import { debug } from "../../../../app/jobs/log";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it.each([
  ["queuehost:*", true],
  ["bull:*", true],
  ["other, bull:run", true],
  ["*", true],
  ["queuehost:other", false],
  ["", false],
])("details are written to stderr where DEBUG=%s asks for them: %s", (DEBUG, wanted) => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.stubEnv("DEBUG", DEBUG);
  const detail = vi.fn(() => "a detail");
  debug("run")(detail);
  expect(write.mock.calls).toEqual(wanted ? [["queuehost:run a detail\n"]] : []);
  // Whoever doesn't ask doesn't pay.
  expect(detail).toHaveBeenCalledTimes(wanted ? 1 : 0);
});
