import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ReleaseError } from "./error";
import { readManifest } from "./manifest";

/** A package manager, and which version of it a lockfile asks for. */
export interface Manager {
  readonly name: "npm" | "pnpm" | "yarn";
  /** Of yarn: everything since version 2 is another program. */
  readonly berry: boolean;
  readonly lockfile: string;
  /** Majors that read this lockfile, the best one first; none for npm, of which any will do. */
  readonly majors: readonly number[];
  /** What package.json names as packageManager, exactly. */
  readonly version?: string;
}

const LOCKFILES = {
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
} as const;

export const LOCKFILE_NAMES = "package-lock.json, pnpm-lock.yaml or yarn.lock";

/**
 * The manager whose lockfile lies in a folder; undefined where there is none.
 * @throws ReleaseError for lockfiles of two managers where package.json doesn't say which one counts
 */
export function managerOf(folder: string): Manager | undefined {
  const found = Object.entries(LOCKFILES).filter(([file]) => existsSync(join(folder, file)));
  const [first] = found;
  if (first === undefined) return undefined;
  const [, named, exact] = /^(npm|pnpm|yarn)@(\d[^+]*)/.exec(readManifest(folder).packageManager ?? "") ?? [];
  const names = new Set(found.map(([, name]) => name));
  const [lockfile, name] = names.size === 1 ? first : (found.find(([, candidate]) => candidate === named) ?? []);
  if (lockfile === undefined || name === undefined)
    throw new ReleaseError(
      `${folder}: should have one lockfile, has ${found.map(([file]) => file).join(" and ")}; delete what isn't used, or name the package manager in package.json ("packageManager": "pnpm@10.0.0")`,
    );
  const text = readFileSync(join(folder, lockfile), "utf8");
  const berry = name === "yarn" && text.includes("\n__metadata:");
  return {
    name,
    berry,
    lockfile,
    majors: name === "pnpm" ? pnpmMajors(text) : name === "yarn" ? (berry ? [4, 3, 2] : [1]) : [],
    ...(named === name && exact !== undefined && { version: exact }),
  };
}

/** Which pnpm writes a lockfile of this version. */
function pnpmMajors(lockfile: string): number[] {
  const version = Number(/^lockfileVersion: '?(\d+)/m.exec(lockfile)?.[1]);
  if (version >= 9) return [10, 9, 11, 12];
  return version >= 6 ? [8] : [7];
}
