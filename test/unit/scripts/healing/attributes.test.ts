import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeCutOffAttributes } from "../../../../scripts/healing/attributes";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-backend-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, ".pulumi", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test("attributes that were cut off are removed, of this stack alone; whole ones and states stay", () => {
  const cutOff = [
    write("stacks/queuehost/staging.json.attrs", ""),
    write("stacks/queuehost/staging.json.bak.attrs", '{"user.cache'),
    write("locks/organization/queuehost/staging/7f.json.attrs", ""),
  ];
  const others = [
    write("stacks/queuehost/staging.json", ""),
    write("stacks/queuehost/production.json.attrs", ""),
    write("locks/organization/queuehost/staging/8a.json.attrs", '{"md5":"x"}'),
  ];
  expect(removeCutOffAttributes(`file://${folder}?no_tmp_dir=true`, "organization/queuehost/staging").sort()).toEqual(
    [...cutOff].sort(),
  );
  expect(cutOff.filter(existsSync)).toEqual([]);
  expect(others.filter(existsSync)).toEqual(others);
});

test("a backend elsewhere, and one without any stack, are left alone", () => {
  expect(removeCutOffAttributes("s3://bucket", "staging")).toEqual([]);
  expect(removeCutOffAttributes(`file://${folder}`, "staging")).toEqual([]);
});
