import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Neither sources nor able to change what is built: dependencies are covered by the lockfile. */
const LEFT_OUT = new Set(["node_modules", "dist", "data", ".git"]);

/**
 * A digest over everything that a build depends on: the application's files, the nearest package-lock.json at or above its
 * folder, and this Node. `.env` files are left out, since a build that reads them would carry secrets into the release.
 */
export function sourcesDigest(appPath: string): string {
  const hash = createHash("sha256").update(process.version);
  for (const path of files(appPath, "")) add(hash, path, readFileSync(join(appPath, path)));
  const lockfile = nearest("package-lock.json", resolve(appPath));
  if (lockfile !== undefined) add(hash, "package-lock.json", readFileSync(lockfile));
  return hash.digest("hex");
}

function add(hash: ReturnType<typeof createHash>, name: string, content: Buffer): void {
  hash.update(`\0${name}\0${content.length}\0`).update(content);
}

function files(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.has(name) && name !== ".env" && !name.startsWith(".env."))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return files(root, path);
      return entry.isFile() ? [path] : [];
    });
}

/** The file of that name in `folder` or the nearest folder above it that has one. */
function nearest(name: string, folder: string): string | undefined {
  if (existsSync(join(folder, name))) return join(folder, name);
  return dirname(folder) === folder ? undefined : nearest(name, dirname(folder));
}
