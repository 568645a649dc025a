import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ReleaseError } from "./error";
import type { Place } from "./place";
import type { Project } from "./project";
import { lastLines } from "./run";
import { MANAGER_SETTINGS, type Source } from "./sources";
import type { Tool } from "./tool";

/** How much of a monorepo is installed: a member with what it depends on, or all: tools are often listed at the root alone. */
export type Extent = "member" | "all";

/** What there is to choose from, the smaller one first. */
export const extentsOf = ({ folder, manager }: Project): readonly Extent[] =>
  folder === "" || manager.name === "yarn" ? ["all"] : ["member", "all"];

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
  if (done === wanted && doneExtent === "all") return "all";
  if (done === wanted && doneExtent === extent) return extent;
  rmSync(note, { force: true });
  const command = installCommand(project, extent, copy);
  const { exitCode, output } = await place.run(command, copy, path, env);
  if (exitCode !== 0)
    throw new ReleaseError(
      `${root}: ${command} failed; where it says that ${manager.lockfile} and package.json differ, run ${manager.name} install and keep what it changes:${lastLines(withoutUsage(output))}`,
    );
  writeFileSync(note, `${wanted} ${extent}`);
  return extent;
}

/** npm ends its reasons with a page on how to use it. */
const withoutUsage = (output: string) =>
  output.replace(
    /\n(npm error\s*\n)?npm error Clean install a project\n[\s\S]*|\nnpm error A complete log [^\n]*/g,
    "",
  );

function installCommand({ manager, folder }: Project, extent: Extent, copy: string): string {
  const member = extent === "member";
  switch (manager.name) {
    case "npm":
      // Whatever the level of the npm that runs this: a failure has its reason.
      return `npm ci --include=dev --no-audit --no-fund --loglevel=notice${member ? ` --workspace="${folder}"` : ""}`;
    case "pnpm": {
      const alone = existsSync(join(copy, "pnpm-workspace.yaml")) ? "" : " --ignore-workspace";
      const filter = member ? ` --filter="{${folder}}..."` : "";
      // Links as programs, rather than scripts that have this machine's paths in them.
      return `pnpm install --frozen-lockfile --prod=false --config.prefer-symlinked-executables=true${alone}${filter}`;
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
