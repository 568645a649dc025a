import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { elapsed, PACE, Progress, terminal } from "../../../scripts/engine/progress";
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

/** What a stream is written, as it is. */
function written(stream: { isTTY?: boolean; columns?: number }, ...lines: string[]): string {
  const chunks: string[] = [];
  const { report, end } = terminal({ ...stream, write: (chunk: string) => chunks.push(chunk) });
  for (const line of lines) report(line);
  end();
  return chunks.join("");
}

test("a log gets a line each", () => {
  expect(written({}, "one", "two")).toBe("one\ntwo\n");
});

test("a terminal gets one line that changes, never longer than it is wide, and a new line at the end", () => {
  expect(written({ isTTY: true, columns: 10 }, "12345678901", "two")).toBe("\r\x1b[2K123456789\r\x1b[2Ktwo\n");
  expect(written({ isTTY: true, columns: 0 }, "12345678901")).toBe("\r\x1b[2K12345678901\n");
  expect(written({ isTTY: true })).toBe("");
});
