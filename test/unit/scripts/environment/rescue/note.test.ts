import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Kept } from "../../../../../scripts/environment/rescue/note";

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "queuehost-note-"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

test("what is kept is its owner's alone, and is found again until it is removed", () => {
  const note = {
    server: "42",
    since: new Date("2026-11-22T03:00:00Z"),
    id: "20261122-030004",
    files: ["20261122-030004"],
  };
  const kept = new Kept("organization/queuehost/staging", project);
  expect(kept.read()).toBeUndefined();
  kept.write(note);
  writeFileSync(kept.tar("20261122-030004"), "tar");
  expect(statSync(dirname(kept.tar("x"))).mode & 0o777).toBe(0o700);
  expect(new Kept("staging", project).read()).toEqual(note);
  expect(new Kept("production", project).read()).toBeUndefined();
  kept.remove();
  expect(kept.read()).toBeUndefined();
  expect(existsSync(join(project, ".queuehost/recreate/staging"))).toBe(false);
});
