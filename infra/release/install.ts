import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import registryUrl, { defaultUrl } from "registry-url";
import { ReleaseError } from "./error";
import type { Manager } from "./manager";
import type { Place } from "./place";
import type { Project } from "./project";
import { lastLines } from "./run";
import { MANAGER_SETTINGS, type Source } from "./sources";

/** How a package manager is called for one project, in one place. */
export interface Tool {
  /** Folder of its program, where it isn't on PATH. */
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The manager that a project asks for: the one on PATH where it fits, else one that is fetched once into `<outDir>/tools`.
 * @throws ReleaseError where it can't be had
 */
export async function toolFor({ manager, root }: Project, place: Place, outDir: string): Promise<Tool> {
  // Plug'n'Play would need its loader on the server.
  const env = { ...registryFor(root), ...(manager.berry && { YARN_NODE_LINKER: "node-modules" }) };
  // Outside of any project, where no setting makes it pass for another version.
  const { exitCode, stdout } = await place.run(`${manager.name} --version`, place.name === "here" ? tmpdir() : "/");
  if (exitCode === 0 && fits(manager, stdout.trim())) return { path: [], env };
  if (manager.name === "npm") throw new ReleaseError("npm isn't to be had on this machine; it comes with Node");
  const version = manager.version ?? String(manager.majors[0]);
  const folder = join(outDir, "tools", place.name, `${manager.name}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(join(outDir, "tools", place.name), { recursive: true });
    const unfinished = mkdtempSync(`${folder}.`);
    const name = manager.berry ? "@yarnpkg/cli-dist" : manager.name;
    const command = `npm install --prefix . --no-save --no-package-lock --no-audit --no-fund --ignore-scripts=false ${name}@${version}`;
    const installed = await place.run(command, unfinished, [], env);
    if (installed.exitCode === 0) renameSync(unfinished, folder);
    rmSync(unfinished, { recursive: true, force: true });
    if (installed.exitCode !== 0)
      throw new ReleaseError(
        `${root}: is installed by ${manager.name} ${version}, which can't be had:${lastLines(installed.output)}`,
      );
  }
  return { path: [join(folder, "node_modules/.bin")], env };
}

function fits({ name, version, majors }: Manager, found: string): boolean {
  if (name === "npm") return true;
  return version === undefined ? majors.includes(Number(found.split(".")[0])) : found === version;
}

/** The registry that npm uses here, for managers that don't look where npm does, unless the project names one. */
function registryFor(root: string): Record<string, string> {
  const named = MANAGER_SETTINGS.map((name) => join(root, name)).some(
    (file) => existsSync(file) && /^\s*"?(registry|npmRegistryServer)\b/m.test(readFileSync(file, "utf8")),
  );
  const registry = registryUrl();
  if (named || registry === defaultUrl) return {};
  return { npm_config_registry: registry, YARN_REGISTRY: registry, YARN_NPM_REGISTRY_SERVER: registry };
}

/** How much of a monorepo is installed: a member with what it depends on, or its root as well, where tools often are. */
export type Extent = "member" | "root";

/** What there is to choose from, the smaller one first. */
export const extentsOf = ({ folder, manager }: Project): readonly Extent[] =>
  folder === "" || manager.name === "yarn" ? ["root"] : ["member", "root"];

/**
 * Installs all that the build needs into a copy of the project, exactly as its lockfile says, unless that has been done.
 * @returns what is installed now, which may be more than was asked for
 * @throws ReleaseError with the manager's last lines, above all where lockfile and package.json differ
 */
export async function install(
  project: Project,
  sources: readonly Source[],
  copy: string,
  extent: Extent,
  place: Place,
  { path, env }: Tool,
): Promise<Extent> {
  const { root, manager } = project;
  const note = `${copy}.installed`;
  const wanted = digestOf(root, sources);
  const [done, doneExtent] = existsSync(note) ? readFileSync(note, "utf8").split(" ") : [];
  if (done === wanted && doneExtent === "root") return "root";
  if (done === wanted && doneExtent === extent) return extent;
  rmSync(note, { force: true });
  const command = installCommand(project, extent, copy);
  const { exitCode, output } = await place.run(command, copy, path, env);
  if (exitCode !== 0)
    throw new ReleaseError(
      `${root}: ${command} failed; where it says that ${manager.lockfile} and package.json differ, run ${manager.name} install and keep what it changes:${lastLines(output)}`,
    );
  writeFileSync(note, `${wanted} ${extent}`);
  return extent;
}

function installCommand({ manager, folder }: Project, extent: Extent, copy: string): string {
  const root = extent === "root";
  switch (manager.name) {
    case "npm": {
      const member = folder === "" ? "" : ` --workspace="${folder}"${root ? " --include-workspace-root" : ""}`;
      return `npm ci --include=dev --no-audit --no-fund${member}`;
    }
    case "pnpm": {
      const alone = existsSync(join(copy, "pnpm-workspace.yaml")) ? "" : " --ignore-workspace";
      const member = folder === "" ? "" : ` --filter="{${folder}}..."${root ? ' --filter="{.}"' : ""}`;
      // Links as programs, rather than scripts that have this machine's paths in them.
      return `pnpm install --frozen-lockfile --prod=false --config.prefer-symlinked-executables=true${alone}${member}`;
    }
    case "yarn":
      return manager.berry
        ? "yarn install --immutable"
        : "yarn install --frozen-lockfile --non-interactive --production=false";
    default:
      return manager.name satisfies never;
  }
}

/** What decides which packages are installed. */
function digestOf(root: string, sources: readonly Source[]): string {
  const deciding = new Set([...MANAGER_SETTINGS, "package.json", "package-lock.json", "npm-shrinkwrap.json"]);
  for (const name of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".pnpmfile.cjs", "yarn.lock"]) deciding.add(name);
  const hash = createHash("sha256").update(process.version);
  for (const { path, link } of sources) {
    const counts = deciding.has(path.slice(path.lastIndexOf("/") + 1)) || /(^|\/)(patches|\.yarn)\//.test(path);
    if (counts) hash.update(`\0${path}\0`).update(link ?? readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}
