import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppSource } from "./app";
import { type Entry, outputEntries, projectEntries } from "./contents";
import { copySources } from "./copy";
import { ReleaseError } from "./error";
import { extentsOf, install } from "./install";
import { productionModules } from "./modules";
import { misfits, platformSpecific } from "./native";
import type { Place } from "./place";
import type { Project } from "./project";
import { lastLines } from "./run";
import type { Source } from "./sources";
import type { Built } from "./starts";
import { toolFor } from "./tool";

/** What is to be built, and where its parts are kept. */
export interface Job {
  readonly app: AppSource;
  readonly project: Project;
  readonly sources: readonly Source[];
  /** Folders that outlive a release, relative to the project's root. */
  readonly lasting: readonly string[];
  /** Copies of the sources with their modules. */
  readonly workspace: string;
  /** Tools and artefacts of all applications. */
  readonly outDir: string;
}

/** What was built in one place, and what of it the server couldn't load. */
export interface Outcome {
  readonly built: Built;
  readonly faults: readonly string[];
}

/**
 * Copies the sources, installs, builds, and collects what travels.
 * @throws ReleaseError for whatever the application has to mend
 */
export async function buildIn(place: Place, job: Job): Promise<Outcome> {
  const copy = join(job.workspace, place.name);
  // Compilers look for settings in all folders above; those of whichever project the copy lies in are none of its own.
  writeFileSync(join(job.workspace, "tsconfig.json"), "{}\n");
  const installed = [...new Set([job.project.folder, ""])].map((at) => join(copy, at, "node_modules/.bin"));
  await installAndBuild(place, job, copy, installed);
  return job.app.output === undefined
    ? collectProject(place, job, copy, installed)
    : collectOutput(job.app, job.app.output, join(copy, job.project.folder), installed);
}

async function installAndBuild(place: Place, job: Job, copy: string, programs: readonly string[]): Promise<void> {
  const { app, project, sources, outDir } = job;
  const tool = await toolFor(project, place, outDir);
  const command = buildCommand(app, project);
  for (const extent of extentsOf(project)) {
    copySources(project.root, sources, copy);
    const there = await install(project, sources, copy, extent, place, tool);
    if (command === undefined) return;
    const folder = join(copy, project.folder);
    const { exitCode, output } = await place.run(command, folder, [...tool.path, ...programs], tool.env);
    if (exitCode === 0) return;
    // A member may do without its root, or use what that alone lists.
    if (there === "member") continue;
    const how = exitCode === undefined ? "was ended by a signal" : `ended with exit code ${exitCode}`;
    throw new ReleaseError(`${app.path}: ${command} ${how}:${lastLines(output)}`);
  }
}

function collectOutput(app: AppSource, name: string, folder: string, installed: readonly string[]): Outcome {
  const root = join(folder, name);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new ReleaseError(`app.output: should be a folder that is there after the build; ${name} isn't, in ${folder}`);
  const entries = outputEntries(root);
  assertStatic(app, root, entries, "");
  return { built: { root, folder: "", entries, installed }, faults: misfits(root, entries, app.architecture) };
}

function collectProject(
  place: Place,
  { app, project, lasting }: Job,
  root: string,
  installed: readonly string[],
): Outcome {
  const { folder } = project;
  const modules = productionModules(root, folder);
  const entries = projectEntries(root, project, modules, lasting);
  assertStatic(app, root, entries, folder);
  const elsewhere = place.likeServer ? [] : platformSpecific(modules.values());
  const faults = [...elsewhere, ...misfits(root, entries, app.architecture)];
  return { built: { root, folder, entries, installed }, faults };
}

/** undefined for an application that needs no build. */
function buildCommand({ build }: AppSource, { manifest, manager }: Project): string | undefined {
  if (build !== undefined) return build === "none" ? undefined : build;
  return manifest.scripts?.build === undefined ? undefined : `${manager.name} run build`;
}

function assertStatic(app: AppSource, root: string, entries: readonly Entry[], folder: string): void {
  if (app.static === undefined) return;
  const prefix = `${join(folder, app.static)}/`;
  if (!entries.some(({ path }) => path.startsWith(prefix)))
    throw new ReleaseError(
      `app.static: should be a folder of the release with files in it; ${app.static} isn't there after the build, in ${join(root, folder)}`,
    );
}
