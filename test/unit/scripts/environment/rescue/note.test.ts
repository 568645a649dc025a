import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Kept } from "../../../../../scripts/environment/rescue/note";
import { resumed } from "../../../../../scripts/environment/rescue/resumed";

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

test("it is gone on with once its server is gone, for a day where another one is there", () => {
  const kept = new Kept("staging", project);
  const since = new Date("2026-11-22T03:00:00Z");
  const later = (hours: number) => since.getTime() + hours * 3600_000;
  const note = { server: "42", since, id: "20261122-030004", files: [] };
  expect(resumed(kept, { server: "absent" }, "latest")).toBeUndefined();
  kept.write(note);
  expect(resumed(kept, { server: "there", id: "42" }, "latest", later(1))).toBeUndefined();
  expect(resumed(kept, { server: "gone", id: "42" }, "latest", later(100))).toEqual(note);
  expect(resumed(kept, { server: "absent" }, "20261121", later(100))).toEqual({ ...note, id: "20261121" });
  expect(resumed(kept, { server: "there", id: "43" }, "latest", later(23))).toEqual(note);
  expect(() => resumed(kept, { server: "there", id: "43" }, "latest", later(25))).toThrow(
    /recreate begun 25 h ago .* Nothing was touched\. Where that is over: rm -r .*\/\.queuehost\/recreate\/staging$/,
  );
  kept.write({ ...note, restored: true });
  expect(resumed(kept, { server: "there", id: "43" }, "latest", later(1))).toBeUndefined();
});
