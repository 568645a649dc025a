import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { ReleaseError } from "./error";
import { EXAMPLES } from "./example";
import { run } from "./run";

/** Never sources, wherever they are: modules, histories, what this project keeps, and a stack's configuration. */
const NEVER = /^(node_modules|\.git|\.queuehost|\.rehearsal|\.DS_Store|Pulumi(\..+)?\.yaml)$/;

/** Where git can't tell what is made and what is written. */
const MADE = new Set(["dist", "data", "coverage"]);

/** Settings of package managers: installs need them, and git may well ignore them, since they can hold tokens. */
export const MANAGER_SETTINGS = [".npmrc", ".yarnrc", ".yarnrc.yml"];

/** A file or link that a build is given. */
export interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly executable: boolean;
  /** What a symbolic link points to; undefined for a file. */
  readonly link?: string;
}

/** Whether a name is that of an environment file with values; examples have none. */
export const isEnvFile = (name: string): boolean => name.startsWith(".env") && !EXAMPLES.includes(name);

/**
 * What a build may see of a project: in a git work tree what git would ship, elsewhere all but what is made. Never modules,
 * `.env` files and folders in `without`.
 *
 * @param without folders, relative to the root
 * @throws ReleaseError for a link that leads out of the root
 */
export async function listSources(root: string, without: readonly string[]): Promise<Source[]> {
  const left = (path: string) =>
    path.split("/").some((name) => NEVER.test(name)) ||
    isEnvFile(path.slice(path.lastIndexOf("/") + 1)) ||
    without.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const shipped = (await tracked(root)) ?? walk(root, "", (path) => left(path) || MADE.has(nameOf(path)));
  const paths = new Set([...shipped, ...MANAGER_SETTINGS].filter((path) => !left(path)));
  return [...paths].sort().flatMap((path) => look(root, path, left));
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** What git knows or would add; undefined where it isn't git's to say. */
async function tracked(root: string): Promise<string[] | undefined> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { exitCode, stdout } = await run("git", list, { cwd: root });
  const paths = stdout.split("\0").filter((path) => path !== "");
  // Without its package.json the folder is one that its repository ignores.
  return exitCode === 0 && paths.includes("package.json") ? paths : undefined;
}

function walk(root: string, folder: string, left: (path: string) => boolean): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (left(path)) return [];
    return entry.isDirectory() ? walk(root, path, left) : [path];
  });
}

function look(root: string, path: string, left: (path: string) => boolean): Source[] {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  // Deleted, but not yet in git's eyes; or a submodule, or a socket.
  if (stats === undefined) return [];
  if (stats.isDirectory()) return walk(root, path, left).flatMap((inner) => look(root, inner, left));
  if (stats.isFile()) return [{ path, executable: (stats.mode & 0o100) !== 0 }];
  return stats.isSymbolicLink() ? [{ path, executable: false, link: linkInside(root, path) }] : [];
}

/**
 * Where a link points, as a path relative to the link.
 * @throws ReleaseError where that is outside of the root
 */
export function linkInside(root: string, path: string): string {
  const target = readlinkSync(join(root, path));
  const folder = dirname(join(root, path));
  const inside = relative(root, resolve(folder, target));
  if (inside === ".." || inside.startsWith(`..${sep}`))
    throw new ReleaseError(
      `${join(root, path)}: is a link to ${target}, which is outside of ${root} and doesn't travel; put a copy there, or leave it out`,
    );
  return resolve(target) === target ? relative(folder, target) : target;
}

/** A digest over names, modes and contents. */
export function sourcesDigest(root: string, sources: readonly Source[]): string {
  const hash = createHash("sha256");
  for (const { path, executable, link } of sources) {
    const content = link ?? readFileSync(join(root, path));
    const kind = link !== undefined ? "link" : executable ? "executable" : "file";
    hash.update(`\0${path}\0${kind}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
