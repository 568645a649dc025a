import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { readManifest } from "../../infra/release/manifest";
import { findProject } from "../../infra/release/project";
import { listSources } from "../../infra/release/sources";
import { UserError } from "../lib/errors";
import type { App } from "./finding";

const CODE = /\.([cm]?[jt]s|[jt]sx)$/;
/** Where what is written doesn't run in production, whatever it says. */
const ASIDE =
  /(^|\/)(tests?|__tests__|__mocks__|e2e|cypress|docs|examples?|dist|build|public|static|vendor)\/|\.(test|spec|min|d)\./;
/** Larger files are generated. */
const LARGEST_BYTES = 512 * 1024;

/**
 * Reads an application.
 *
 * @param folder absolute
 * @throws ReleaseError for a folder without package.json or lockfile
 */
export async function readApp(folder: string): Promise<App> {
  const project = findProject(folder);
  const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : "");
  const paths = (await listSources(project.root, []))
    .filter(({ link }) => link === undefined)
    .map(({ path }) => relative(project.folder, path))
    .filter((path) => !path.startsWith("..") && CODE.test(path) && !ASIDE.test(path))
    .filter((path) => statSync(join(folder, path)).size <= LARGEST_BYTES);
  const files = paths.map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));
  return { folder, project, manifest: project.manifest, files, read };
}

/**
 * The members of a monorepo that could be deployed: those that can be started or that work on queues. Empty where the folder
 * is an application of its own.
 *
 * @param folder absolute; the monorepo's root
 */
export async function deployableMembers(folder: string): Promise<string[]> {
  const { root, isMember, manifest } = findProject(folder);
  if (root !== folder || (manifest.workspaces === undefined && !existsSync(join(root, "pnpm-workspace.yaml"))))
    return [];
  const members = (await listSources(root, []))
    .filter(({ path }) => basename(path) === "package.json")
    .map(({ path }) => path.slice(0, -"/package.json".length))
    .filter((path) => path !== "" && isMember(path));
  return members.filter((path) => {
    const { scripts = {}, dependencies = {} } = readManifest(join(root, path));
    return Object.keys(scripts).some((name) => /^start\b|worker/.test(name)) || "bullmq" in dependencies;
  });
}

/**
 * The one member that is meant.
 *
 * @throws UserError where there is no such member
 */
export function memberNamed(root: string, members: readonly string[], wanted: string): string {
  const found = members.find((path) => path === wanted || readManifest(join(root, path)).name === wanted);
  if (found !== undefined) return found;
  throw new UserError(`--member: should be one of ${members.join(", ")}, got ${wanted}`);
}
