import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { build } from "./support/release";

const folders = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `queuehost-build-${name}-`)));
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

it("builds the same bytes wherever it builds to, and nothing but the artefact", () => {
  const [first, second] = folders.map((folder) => {
    build(folder);
    return contents(folder);
  });
  expect(Object.keys(first ?? {})).toEqual([
    "backend/main.cjs",
    "package.json",
    "public/icon.svg",
    "public/index.html",
    "public/page.js",
    "public/style.css",
    "smoke/main.cjs",
    "worker/main.cjs",
  ]);
  // Not toEqual: a difference of megabytes is of no use to anyone.
  expect(JSON.stringify(first) === JSON.stringify(second)).toBe(true);
  expect(JSON.parse(first?.["package.json"] ?? "")).toEqual({ name: "queuehost-app", version: "0.1.0" });
});
