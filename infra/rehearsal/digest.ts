import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../config/schema";

/**
 * What may change without another rehearsal: who reaches the server and what it is called, where copies of its data go, how
 * long a release is watched. The release is compared by itself.
 */
const BESIDES =
  /^(stack|project|requireRehearsal|app\.(path|release|build)|ssh\.|server\.(name|location|protect|keepAddress|backups)|backups\.|storageBox\.|watch\.)/;

/** Of this package, what decides how a server is made: in a clone it may be changed without another version. */
const PROGRAM = ["host", "infra"].map((folder) => resolve(__dirname, "../..", folder));

/**
 * A name for all settings by which what runs on the server is rehearsed, and for the program that puts it there. Keyed with the
 * password of Redis: the values of secrets are in it, and guesses of them are not to be tested against a file.
 */
export function settingsDigest(settings: Settings): string {
  const counted = Object.entries(settings).filter(([key]) => !BESIDES.test(key));
  return createHmac("sha256", settings["redis.password"])
    .update(JSON.stringify([programDigest(), sorted(Object.fromEntries(counted))]))
    .digest("hex")
    .slice(0, 32);
}

let program: string | undefined;

/** Read once in a process. */
function programDigest(): string {
  if (program !== undefined) return program;
  const hash = createHash("sha256");
  for (const folder of PROGRAM)
    for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
      .sort())
      hash
        .update(`${name.slice(folder.length)}\0`)
        .update(readFileSync(name))
        .update("\0");
  program = hash.digest("hex");
  return program;
}

/** The same, with the keys of all that is in it in one order: who sets a key first says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, of]) => of !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, of]) => [key, sorted(of)]),
  );
}
