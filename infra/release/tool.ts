import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import registryUrl, { defaultUrl } from "registry-url";
import { ReleaseError } from "./error";
import type { Manager } from "./manager";
import type { Place } from "./place";
import type { Project } from "./project";
import { putInPlace } from "./registry-package";
import { lastLines } from "./run";
import { MANAGER_SETTINGS } from "./sources";

/** How a package manager is called for one project, in one place. */
export interface Tool {
  /** Folder of its program, where it isn't on PATH. */
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The manager that a project asks for: any npm; of the others the one on PATH where it fits, else one that is fetched once into
 * `<outDir>/tools`.
 * @throws ReleaseError where it can't be had
 */
export async function toolFor({ manager, root }: Project, place: Place, outDir: string): Promise<Tool> {
  // Plug'n'Play would need its loader on the server.
  const env = { ...registryFor(root), ...(manager.berry && { YARN_NODE_LINKER: "node-modules" }) };
  if (manager.name === "npm") return { path: [], env };
  // Outside of any project, where no setting makes it pass for another version.
  const { exitCode, stdout } = await place.run(`${manager.name} --version`, place.name === "here" ? tmpdir() : "/");
  if (exitCode === 0 && fits(manager, stdout.trim())) return { path: [], env };
  const version = manager.version ?? String(manager.majors[0]);
  const folder = join(outDir, "tools", place.name, `${manager.name}-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(join(outDir, "tools", place.name), { recursive: true });
    const unfinished = mkdtempSync(`${folder}.`);
    const name = manager.berry ? "@yarnpkg/cli-dist" : manager.name;
    const command = `npm install --prefix . --no-save --no-package-lock --no-audit --no-fund --ignore-scripts=false ${name}@${version}`;
    const installed = await place.run(command, unfinished, [], env);
    putInPlace(unfinished, installed.exitCode === 0 ? folder : undefined);
    if (installed.exitCode !== 0)
      throw new ReleaseError(
        `${root}: is installed by ${manager.name} ${version}, which can't be had:${lastLines(installed.output)}`,
      );
  }
  return { path: [join(folder, "node_modules/.bin")], env };
}

function fits({ version, majors }: Manager, found: string): boolean {
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
