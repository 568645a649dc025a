import { expect, test } from "vitest";
import { moment, seconds } from "../../../../scripts/ssh/when";

test("durations are a number and a unit", () => {
  expect(["90s", "30m", "12h", "2d"].map(seconds)).toEqual([90, 1800, 43_200, 172_800]);
  expect(["", "30", "m", "-3m", "1.5h", "3w", "30 m"].map(seconds)).toEqual(Array(7).fill(undefined));
});

test("a moment is so long ago, or a time in this machine's zone", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  expect(moment("--since", "30m", now)).toBe(now / 1000 - 1800);
  expect(moment("--since", "2026-11-22T08:00:00Z", now)).toBe(now / 1000 - 14_400);
  expect(moment("--since", "2026-11-22 08:00", now)).toBe(new Date(2026, 10, 22, 8).getTime() / 1000);
  expect(() => moment("--since", "yesterday")).toThrow(/^--since: should be 90s, 30m, .*got yesterday$/);
});
