import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { ReleaseError } from "./error";
import { type Manifest, readManifest } from "./manifest";

/** A package that the application loads in production. */
export interface Module {
  /** Its real folder, relative to the root. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * What the application reaches through the dependencies of each package.json, looked up as Node does: the production modules
 * of a full installation, whichever manager made it. Workspace members that it depends on are among them.
 *
 * @param root folder of the installation
 * @param folder the application, relative to it
 * @throws ReleaseError for a package that lies outside of the root
 */
export function productionModules(root: string, folder: string): Map<string, Module> {
  const real = realpathSync(root);
  const found = new Map<string, Module>();
  const visit = (at: string): void => {
    const path = relative(real, at).split(sep).join("/");
    if (found.has(path)) return;
    if (path.startsWith(".."))
      throw new ReleaseError(`${root}: depends on a package at ${at}, which is outside of it and doesn't travel`);
    const manifest = readManifest(at);
    found.set(path, { folder: path, manifest });
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      // What isn't there is optional, or made for another platform.
      const dependency = lookUp(real, at, name);
      if (dependency !== undefined) visit(dependency);
    }
  };
  visit(join(real, folder));
  return found;
}

/** The real folder of a package, as seen from another one. */
function lookUp(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === root || dirname(folder) === folder) return undefined;
  }
}
