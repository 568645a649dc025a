import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { elapsed, PACE, Progress } from "../../../scripts/engine/progress";
import { collector } from "./fixtures";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("says what, how far and how long, every 15 s in a log", () => {
  const { lines, report } = collector();
  const progress = new Progress(report, "Fake 1.2.3", PACE.log);
  progress.at("building: 7 packages compiled");
  vi.advanceTimersByTime(16_000);
  progress.at("building: 90 packages compiled");
  vi.advanceTimersByTime(60_000);
  progress.end("built");
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([
    "Fake 1.2.3",
    "Fake 1.2.3, building: 7 packages compiled (15 s)",
    "Fake 1.2.3, building: 90 packages compiled (30 s)",
    "Fake 1.2.3, building: 90 packages compiled (45 s)",
    "Fake 1.2.3, building: 90 packages compiled (1 min 0 s)",
    "Fake 1.2.3, building: 90 packages compiled (1 min 15 s)",
    "Fake 1.2.3: built (1 min 16 s)",
  ]);
});

test.each([
  [400, "0 s"],
  [59_400, "59 s"],
  [59_600, "1 min 0 s"],
  [192_000, "3 min 12 s"],
])("%d ms is %s", (milliseconds, text) => expect(elapsed(milliseconds)).toBe(text));
