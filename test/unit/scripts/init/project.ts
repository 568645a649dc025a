import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { readApp } from "../../../../scripts/init/app";
import type { Findings } from "../../../../scripts/init/finding";
import { look } from "../../../../scripts/init/findings";

/** A project of these files, gone after the test. */
export function project(files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-init-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** What is concluded from an application of these files; it is installed by npm where no lockfile is among them. */
export async function conclude(files: Readonly<Record<string, string | object>>): Promise<Findings> {
  const locked = Object.keys(files).some((path) => /lock\.(json|yaml)|yarn\.lock/.test(path));
  const folder = project(locked ? files : { "package-lock.json": { lockfileVersion: 3, packages: {} }, ...files });
  return look(await readApp(folder), "../app", "correct-horse-battery");
}

/** The findings by their keys, without those that are always there. */
export async function concluded(files: Readonly<Record<string, string | object>>): Promise<Record<string, string>> {
  const { found } = await conclude(files);
  const usual = /^(app\.path|app\.name|queue\.prefix|redis\.keyPatterns)$/;
  return Object.fromEntries(found.filter(({ key }) => !usual.test(key)).map(({ key, value }) => [key, value]));
}
