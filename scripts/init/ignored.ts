import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REHEARSAL } from "../lib/rehearsal";

/** `.queuehost` and `.rehearsal` ignore themselves. */
const IGNORED = ["node_modules/", ".env", `Pulumi.${REHEARSAL}*.yaml`];

/**
 * Writes a project's .gitignore where it has none: npm leaves such files out of what it packs, so no template brings one.
 *
 * @param folder the project's
 * @returns whether it did
 */
export function ensureIgnored(folder: string): boolean {
  const file = join(folder, ".gitignore");
  if (existsSync(file)) return false;
  writeFileSync(file, IGNORED.map((line) => `${line}\n`).join(""));
  return true;
}
