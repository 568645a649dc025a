import { mkdirSync } from "node:fs";
import { join, posix, relative, resolve } from "node:path";
import { lock } from "proper-lockfile";
import type { AppSource, Release } from "./app";
import { packArtefact, pruneArtefacts } from "./artefact";
import { buildIn, type Job } from "./build-in";
import { listed, resolveCommands } from "./commands";
import { container } from "./container";
import { ReleaseError } from "./error";
import { here } from "./place";
import { assertCarried, assertRunsOn, findProject } from "./project";
import { digestOf, recall, remember } from "./record";
import runtimes from "./runtimes.json";
import { listSources, sourcesDigest } from "./sources";
import { assertStarts, type Built } from "./starts";

/** Part of every digest, so that a new way to build isn't taken for the old one. */
const FORMAT = 2;

export interface BuildOptions {
  /** Build in a container of the server's release in any case, not only where this machine's modules wouldn't fit. */
  readonly container?: boolean;
}

/**
 * Builds an application in a clean copy of its sources and packs it into `<outDir>/<id>.tar.gz`. Nothing is done while all that
 * it depends on is as it was the last time and the artefact is whole: that costs some milliseconds.
 *
 * @param outDir keeps copies, modules, tools and artefacts from one build to the next
 * @throws ReleaseError for whatever is to be mended, in one message
 */
export async function buildRelease(app: AppSource, outDir: string, options: BuildOptions = {}): Promise<Release> {
  const project = findProject(app.path);
  const { root, folder, manifest, manager } = project;
  assertRunsOn(app, manifest);
  if (app.output === undefined) assertCarried(project);
  const commands = resolveCommands(app, manifest, manager);
  const kept = resolve(outDir);
  const lasting = app.folders.map((name) => posix.join(folder, name).replace(/\/$/, ""));
  const sources = await listSources(root, [...lasting, relative(root, kept)]);
  const inputs = digestOf(FORMAT, app, options, runtimes, folder, sourcesDigest(root, sources));
  const workspace = join(kept, `build-${digestOf(root, folder, app.node, app.architecture).slice(0, 12)}`);
  mkdirSync(workspace, { recursive: true, mode: 0o700 });
  const unlock = await lock(workspace, {
    stale: 20_000,
    retries: { forever: true, minTimeout: 200, maxTimeout: 1000 },
  });
  try {
    const known = await recall<Release>(workspace, kept, inputs);
    if (known !== undefined) return known;
    const built = await build({ app, project, sources, lasting, workspace, outDir: kept }, options);
    for (const [key, command] of listed(commands)) assertStarts(key, command, built);
    const artefact = await packArtefact(built.root, built.entries, kept);
    const release = { ...artefact, version: manifest.version ?? "0.0.0", folder: built.folder, commands };
    await remember(workspace, inputs, release);
    await pruneArtefacts(kept);
    return release;
  } finally {
    await unlock();
  }
}

/** Here where that gives what the server can load, else in a container. */
async function build(job: Job, options: BuildOptions): Promise<Built> {
  const { app, outDir } = job;
  let why: readonly string[] = [];
  if (!options.container) {
    const { built, faults } = await buildIn(await here(app, outDir), job);
    if (faults.length === 0) return built;
    why = faults;
  }
  const { built, faults } = await buildIn(await container(app, outDir, why), job);
  if (faults.length === 0) return built;
  throw new ReleaseError([`${app.path}: has native code that the server can't load:`, ...faults].join("\n  | "));
}
