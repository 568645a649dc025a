import { type Dirent, existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { ReleaseError } from "./error";
import type { Module } from "./modules";
import type { Project } from "./project";
import { isEnvFile, linkInside, MANAGER_SETTINGS } from "./sources";

/** A file or link that travels. */
export interface Entry {
  /** Relative to the root of the release, with slashes. */
  readonly path: string;
  readonly executable: boolean;
  /** Bytes of a file, 0 of a link. */
  readonly size: number;
  readonly link?: string;
}

/** What managers and tools note beside modules: none of it is loaded, and each installation writes it anew. */
const NOTES = /^(\.cache|\.vite|\.vitest|\.package-lock\.json|\.modules\.yaml|\.yarn-.*|\.pnpm-workspace-state.*)$/;

/** What tools keep from build to build, and managers beside sources. */
const KEPT = new Set([".turbo", ".cache", ".yarn", ...MANAGER_SETTINGS]);

/**
 * The folder that a build wrote, whole.
 * @throws ReleaseError for secrets in it, and for links that lead out of it
 */
export function outputEntries(root: string): Entry[] {
  return complete(root, walk(root, "", { sources: () => true, module: () => true }));
}

/**
 * All of a built project: sources, what the build wrote, and production modules. Of a monorepo's members those that the
 * application depends on.
 *
 * @param modules as productionModules found them
 * @param without folders that outlive a release, relative to the root
 * @throws ReleaseError for secrets in it, and for links that lead out of it
 */
export function projectEntries(
  root: string,
  { folder, isMember }: Project,
  modules: ReadonlyMap<string, Module>,
  without: readonly string[],
): Entry[] {
  const sources = (path: string) =>
    !without.includes(path) &&
    !KEPT.has(nameOf(path)) &&
    (!isMember(path) || modules.has(path) || folder.startsWith(`${path}/`));
  return complete(root, walk(root, "", { sources, module: (path) => modules.has(path) }));
}

/** Which paths are taken. */
interface Choice {
  sources(path: string): boolean;
  module(path: string): boolean;
}

function walk(root: string, folder: string, choice: Choice): string[] {
  return list(root, folder).flatMap(({ path, entry }) => {
    if (entry.isDirectory() && entry.name === "node_modules") return walkModules(root, path, choice);
    if (!choice.sources(path)) return [];
    if (entry.isDirectory()) return walk(root, path, choice);
    if (isEnvFile(entry.name))
      throw new ReleaseError(
        `${join(root, path)}: secrets don't travel in a release; set them as env.<KEY> of the stack instead`,
      );
    return [path];
  });
}

/** Of a folder node_modules: the chosen packages, all links, and what generators write beside packages (.prisma). */
function walkModules(root: string, folder: string, choice: Choice): string[] {
  return list(root, folder).flatMap(({ path, entry }) => {
    if (NOTES.test(entry.name)) return [];
    if (entry.isSymbolicLink()) return [path];
    if (!entry.isDirectory()) return [];
    if (entry.name === ".bin") return walkModules(root, path, choice);
    if (entry.name === ".pnpm") return list(root, path).flatMap((one) => walkStore(root, one, choice));
    if (entry.name.startsWith("@")) return walkModules(root, path, choice);
    return entry.name.startsWith(".") || choice.module(path) ? whole(root, path) : [];
  });
}

/** pnpm's .pnpm/<package>@<version>/node_modules, and .pnpm/node_modules for packages that name too few dependencies. */
function walkStore(root: string, { path, entry }: Listed, choice: Choice): string[] {
  if (!entry.isDirectory()) return [];
  const modules = entry.name === "node_modules" ? path : `${path}/node_modules`;
  return existsSync(join(root, modules)) ? walkModules(root, modules, choice) : [];
}

function whole(root: string, folder: string): string[] {
  return list(root, folder).flatMap(({ path, entry }) => {
    if (nameOf(folder) === "node_modules" && NOTES.test(entry.name)) return [];
    return entry.isDirectory() ? whole(root, path) : [path];
  });
}

interface Listed {
  readonly path: string;
  readonly entry: Dirent;
}

function list(root: string, folder: string): Listed[] {
  const found = readdirSync(join(root, folder), { withFileTypes: true });
  return found.map((entry) => ({ entry, path: folder === "" ? entry.name : `${folder}/${entry.name}` }));
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** Sorted, with what a tar has to know. Links to what doesn't travel (modules of the build, say) don't either. */
function complete(root: string, paths: readonly string[]): Entry[] {
  const stats = new Map(paths.map((path) => [path, lstatSync(join(root, path))]));
  const present = new Set<string>();
  for (const [path, found] of stats) {
    if (!found.isFile()) continue;
    for (let at = path; at !== "."; at = dirname(at)) present.add(at);
  }
  const real = realpathSync(root);
  return [...stats].sort(byPath).flatMap(([path, found]) => {
    if (found.isFile()) return [{ path, executable: (found.mode & 0o111) !== 0, size: found.size }];
    if (!found.isSymbolicLink()) return [];
    const link = linkInside(root, path);
    return present.has(targetOf(real, path)) ? [{ path, executable: false, size: 0, link }] : [];
  });
}

const byPath = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function targetOf(root: string, path: string): string {
  try {
    return relative(root, realpathSync(join(root, path)))
      .split(sep)
      .join("/");
  } catch {
    return ""; // it leads nowhere
  }
}
