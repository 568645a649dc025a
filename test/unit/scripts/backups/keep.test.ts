import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE } from "../../../../scripts/lib/places";

/** What the server would delete of sets, the newest first. */
const outdated = (sets: readonly string[], keep: number, days: number) =>
  execFileSync("bash", ["-c", `. ${join(PACKAGE, "host/backups/server/keep.sh")}; outdated ${keep} ${days}`], {
    input: sets.map((set) => `${set}\n`).join(""),
    encoding: "utf8",
  })
    .split("\n")
    .filter((line) => line !== "");

const TWO_DAYS = ["20261122-020000", "20261122-010000", "20261121-230000", "20261121-220000", "20261120-230000"];

test.each([
  ["the newest stay", TWO_DAYS, 2, 0, TWO_DAYS.slice(2)],
  ["and the last one of each day", TWO_DAYS, 1, 3, ["20261122-010000", "20261121-220000"]],
  ["for so many days", TWO_DAYS, 1, 2, ["20261122-010000", "20261121-220000", "20261120-230000"]],
  ["the last good one always stays", ["20200101-000000"], 0, 0, []],
  ["and where there is none, nothing happens", [], 1, 1, []],
])("%s", (_, sets, keep, days, gone) => {
  expect(outdated(sets, keep, days)).toEqual(gone);
});
