import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { summary, table } from "../../../scripts/commands/verify";

const CHECKS = [
  { concern: "outside", name: "port 22 answers", ok: true, seen: "open" },
  { concern: "app", name: "a worker does a job", ok: false, seen: "waiting after 4000 ms" },
];

test("a table shows one row a check, in columns", () => {
  expect(stripVTControlCharacters(table(CHECKS)).split("\n")).toEqual([
    "ok    outside  port 22 answers      open",
    "FAIL  app      a worker does a job  waiting after 4000 ms",
  ]);
});

test("a table of nothing is empty", () => {
  expect(table([])).toBe("");
});

test("the last line says how many failed, and how long it took", () => {
  expect(summary(CHECKS, 1234)).toBe("2 checks, 1 NOT as they should be, 1.2 s");
  expect(summary(CHECKS.slice(0, 1), 990)).toBe("1 checks, all as it should be, 1.0 s");
});
