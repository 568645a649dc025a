import {
  chmodSync,
  copyFileSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { MANAGER_SETTINGS, type Source } from "./sources";

/**
 * Makes `folder` a clean copy of the sources: what differs is copied, and everything else that an earlier build left is
 * deleted, but not the installed modules.
 */
export function copySources(root: string, sources: readonly Source[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const wanted = new Map(sources.map((source) => [source.path, source]));
  const folders = new Set(sources.flatMap(({ path }) => parents(path)));
  clear(folder, "", (path, entry) => {
    if (entry.isDirectory()) return folders.has(path);
    const source = wanted.get(path);
    return source !== undefined && same(root, folder, source);
  });
  for (const source of sources) put(root, folder, source);
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === "." ? [] : [parent, ...parents(parent)];
}

function clear(folder: string, inner: string, keep: (path: string, entry: Dirent) => boolean): void {
  for (const entry of readdirSync(join(folder, inner), { withFileTypes: true })) {
    if (entry.name === "node_modules" && entry.isDirectory()) continue;
    const path = inner === "" ? entry.name : `${inner}/${entry.name}`;
    if (!keep(path, entry)) rmSync(join(folder, path), { recursive: true, force: true });
    else if (entry.isDirectory()) clear(folder, path, keep);
  }
}

function same(root: string, folder: string, { path, executable, link }: Source): boolean {
  const copy = join(folder, path);
  const stats = lstatSync(copy);
  if (stats.isSymbolicLink()) return readlinkSync(copy) === link;
  if (link !== undefined || ((stats.mode & 0o100) !== 0) !== executable) return false;
  const original = join(root, path);
  return stats.size === lstatSync(original).size && readFileSync(copy).equals(readFileSync(original));
}

function put(root: string, folder: string, { path, executable, link }: Source): void {
  const copy = join(folder, path);
  // What is still there was the same.
  if (lstatSync(copy, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(dirname(copy), { recursive: true });
  if (link !== undefined) symlinkSync(link, copy);
  else {
    copyFileSync(join(root, path), copy);
    chmodSync(copy, executable ? 0o755 : MANAGER_SETTINGS.includes(basename(path)) ? 0o600 : 0o644);
  }
}
