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
  const { app, project, sources, lasting, workspace, outDir } = job;
  const copy = join(workspace, place.name);
  const { folder, root } = project;
  // Compilers look for settings in all folders above; those of whichever project the copy lies in are none of its own.
  writeFileSync(join(workspace, "tsconfig.json"), "{}\n");
  const tool = await toolFor(project, place, outDir);
  const installed = [...new Set([folder, ""])].map((at) => join(copy, at, "node_modules/.bin"));
  const command = buildCommand(app, project);
  for (const extent of extentsOf(project)) {
    copySources(root, sources, copy);
    const installedExtent = await install(project, sources, copy, extent, place, tool);
    if (command === undefined) break;
    const { exitCode, output } = await place.run(command, join(copy, folder), [...tool.path, ...installed], tool.env);
    if (exitCode === 0) break;
    // A member may do without its root, or use what that alone lists.
    if (installedExtent === "member") continue;
    const how = exitCode === undefined ? "was ended by a signal" : `ended with exit code ${exitCode}`;
    throw new ReleaseError(`${app.path}: ${command} ${how}:${lastLines(output)}`);
  }
  if (app.output !== undefined) {
    const output = join(copy, folder, app.output);
    assertFolder("app.output", app.output, output, copy);
    const entries = outputEntries(output);
    assertStatic(app, output, entries, "");
    return {
      built: { root: output, folder: "", entries, installed },
      faults: misfits(output, entries, app.architecture),
    };
  }
  const modules = productionModules(copy, folder);
  const entries = projectEntries(copy, project, modules, lasting);
  assertStatic(app, copy, entries, folder);
  const faults = [
    ...(place.likeServer ? [] : platformSpecific(modules.values())),
    ...misfits(copy, entries, app.architecture),
  ];
  return { built: { root: copy, folder, entries, installed }, faults };
}

/** undefined for an application that needs no build. */
function buildCommand({ build }: AppSource, { manifest, manager }: Project): string | undefined {
  if (build !== undefined) return build === "none" ? undefined : build;
  return manifest.scripts?.build === undefined ? undefined : `${manager.name} run build`;
}

function assertFolder(key: string, name: string, folder: string, copy: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ReleaseError(`${key}: should be a folder that is there after the build; ${name} isn't, in ${copy}`);
}

function assertStatic(app: AppSource, root: string, entries: readonly Entry[], folder: string): void {
  if (app.static === undefined) return;
  const prefix = `${join(folder, app.static)}/`;
  if (!entries.some(({ path }) => path.startsWith(prefix)))
    throw new ReleaseError(
      `app.static: should be a folder of the release with files in it; ${app.static} isn't there after the build, in ${join(root, folder)}`,
    );
}
