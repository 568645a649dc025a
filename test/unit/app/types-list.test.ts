import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { table } from "../../../app/src/table";

const APP = join(__dirname, "..", "..", "..", "app");
const TYPES = join(APP, "src", "types");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-types-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function listOf(): string {
  execFileSync(process.execPath, [join(APP, "types.cjs"), folder]);
  return readFileSync(join(folder, "index.ts"), "utf8");
}

it("has every type of job in the list: run `node app/types.cjs` where this fails", () => {
  cpSync(TYPES, folder, { recursive: true });
  expect(readFileSync(join(TYPES, "index.ts"), "utf8")).toBe(listOf());
  expect(table.jobs.map(({ name }) => name)).toContain("confirm");
});

it("takes a new file for a new type", () => {
  for (const name of ["send-2nd-letter.ts", "confirm.ts", "notes.md"]) writeFileSync(join(folder, name), "");
  const list = [
    "// Made by types.cjs from the files in this folder: run it after adding one.",
    'export { confirm } from "./confirm";',
    'export { send2ndLetter } from "./send-2nd-letter";',
    "",
  ].join("\n");
  expect(listOf()).toBe(list);
  expect(listOf()).toBe(list);
});
