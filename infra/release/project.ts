import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { satisfies } from "semver";
import { FOLDER } from "../bundles/names";
import type { AppSource } from "./app";
import { ReleaseError } from "./error";
import { LOCKFILE_NAMES, type Manager, managerOf } from "./manager";
import { type Manifest, readManifest } from "./manifest";
import runtimes from "./runtimes.json";

/** What is built together: the application, or the monorepo that it is a member of. */
export interface Project {
  /** Folder of the lockfile, absolute. */
  readonly root: string;
  /** The application's folder relative to it, "" for the root itself. */
  readonly folder: string;
  readonly manager: Manager;
  readonly manifest: Manifest;
  /** Whether a folder (relative to the root) is a member of the monorepo. */
  isMember(folder: string): boolean;
}

/**
 * Finds the lockfile that an application is installed from: its own, or the nearest one above that knows it as a member.
 * @throws ReleaseError where there is no application or no lockfile
 */
export function findProject(appPath: string): Project {
  const path = resolve(appPath);
  const manifest = readManifest(path);
  for (let root = path; ; root = dirname(root)) {
    const manager = managerOf(root);
    if (manager !== undefined) {
      const folder = relative(root, path).split(sep).join("/");
      const isMember = membersOf(root, manager);
      if (folder === "" || isMember(folder)) return { root, folder, manager, manifest, isMember };
    }
    if (dirname(root) === root) break;
  }
  throw new ReleaseError(
    `${path}: should have a lockfile, in its own folder or at the root of the workspace that it is a member of; there is no ${LOCKFILE_NAMES}. Make one with npm install (pnpm install, yarn install) and keep it with the sources`,
  );
}

/** @throws ReleaseError where package.json excludes the Node that the server would run it on */
export function assertRunsOn(app: AppSource, { engines }: Manifest): void {
  const range = engines?.node;
  const fits = (version: string) => range === undefined || satisfies(version, range);
  const { version } = runtimes.node[app.node];
  if (fits(version)) return;
  const other = Object.entries(runtimes.node).find(([, candidate]) => fits(candidate.version))?.[0];
  throw new ReleaseError(
    `${join(app.path, "package.json")}: engines.node is "${range}", and the server's Node would be ${version}; ${other === undefined ? `only ${Object.keys(runtimes.node).join(" and ")} can be had` : `set app.node to ${other}`}`,
  );
}

/** @throws ReleaseError for a member of a monorepo whose folder can't stand in the server's units and scripts */
export function assertCarried({ root, folder }: Project): void {
  if (folder !== "" && !FOLDER.test(folder))
    throw new ReleaseError(
      `${join(root, folder)}: should have a path within ${root} of letters, digits and . _ @ + -, for commands run in it on the server; rename it, or set app.output to a folder that is whole in itself`,
    );
}

function membersOf(root: string, { name, berry, lockfile }: Manager): (folder: string) => boolean {
  if (name === "yarn" && !berry) return matcher(root);
  const text = readFileSync(join(root, lockfile), "utf8");
  const members = new Set(name === "npm" ? npmMembers(text) : name === "pnpm" ? pnpmMembers(text) : berryMembers(text));
  return (folder) => members.has(folder);
}

function npmMembers(lockfile: string): string[] {
  const { packages = {} } = JSON.parse(lockfile) as {
    packages?: Record<string, { link?: boolean; resolved?: string }>;
  };
  return Object.values(packages).flatMap(({ link, resolved }) => (link && resolved !== undefined ? [resolved] : []));
}

/** The keys below `importers:`. */
function pnpmMembers(lockfile: string): string[] {
  const importers = /^importers:\n((?: .*\n|\n)*)/m.exec(lockfile)?.[1] ?? "";
  return [...importers.matchAll(/^ {2}'?([^\s'][^']*?)'?:(?: \{\})?$/gm)].map(([, folder = ""]) => folder);
}

const berryMembers = (lockfile: string) =>
  [...lockfile.matchAll(/^ {2}resolution: ".*@workspace:(.+)"$/gm)].map(([, folder = ""]) => folder);

/** Yarn 1 has its members' patterns in package.json alone. */
function matcher(root: string): (folder: string) => boolean {
  const { workspaces } = readManifest(root);
  const patterns = (Array.isArray(workspaces) ? workspaces : (workspaces as { packages?: string[] })?.packages) ?? [];
  const expressions = patterns.map((pattern: string) => {
    const escaped = pattern.replace(/^\.\/|\/$/g, "").replace(/[.+^$(){}|[\]\\]/g, "\\$&");
    return new RegExp(`^${escaped.replace(/\*+/g, (stars) => (stars.length > 1 ? ".*" : "[^/]*"))}$`);
  });
  return (folder) =>
    expressions.some((expression) => expression.test(folder)) && existsSync(join(root, folder, "package.json"));
}
