import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import spawn, { SubprocessError } from "nano-spawn";
import type { AppSource, Release } from "./app";
import { packArtefact } from "./artefact";
import { ReleaseError } from "./error";
import { sourcesDigest } from "./sources";

const COMMANDS = { backend: "node backend/main.cjs", workers: { "": "node worker/main.cjs" } };

/** Lines of a failed build that are shown. */
const LAST_LINES = 20;

/**
 * Builds the application with its npm script `build`, which writes `dist/`, and packs that into `<outDir>/<id>.tar.gz`.
 * Nothing is built while the sources are those of the last time and its artefact is whole: that costs some milliseconds.
 *
 * @throws ReleaseError where the application can't be built, with the last lines of the build.
 */
export async function buildRelease(app: AppSource | string, outDir: string): Promise<Release> {
  const appPath = typeof app === "string" ? app : app.path;
  assertBuildable(appPath);
  const sources = sourcesDigest(appPath);
  const known = recall(outDir, sources);
  if (known !== undefined) return known;
  const dist = join(appPath, "dist");
  // What an earlier build left there would travel along, and make another release of the same sources.
  rmSync(dist, { recursive: true, force: true });
  await runBuild(appPath);
  const { id, sha256, version, bytes } = await packArtefact(dist);
  const release = {
    id,
    sha256,
    version,
    folder: "",
    commands: COMMANDS,
    size: bytes.length,
    file: resolve(outDir, `${id}.tar.gz`),
  };
  mkdirSync(outDir, { recursive: true });
  writeWhole(release.file, bytes);
  writeWhole(recordOf(outDir), `${JSON.stringify({ sources, id, sha256, version, size: release.size }, null, 2)}\n`);
  return release;
}

function assertBuildable(appPath: string): void {
  const manifest = join(appPath, "package.json");
  if (!existsSync(manifest)) {
    throw new ReleaseError(`${appPath}: should be the folder of an application, with a package.json; there is none`);
  }
  const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts?: Record<string, string> };
  if (scripts?.build === undefined) {
    throw new ReleaseError(
      `${manifest}: should have a script "build" that writes dist/backend/main.cjs, dist/worker/main.cjs and dist/package.json; it has ${scripts ? Object.keys(scripts).join(", ") : "no scripts"}`,
    );
  }
}

/** The last release, when it was built from these sources and its artefact hasn't been touched since. */
function recall(outDir: string, sources: string): Release | undefined {
  try {
    const { sources: built, ...rest } = JSON.parse(readFileSync(recordOf(outDir), "utf8")) as Release & {
      sources: string;
    };
    const file = resolve(outDir, `${rest.id}.tar.gz`);
    if (built !== sources) return undefined;
    const tar = gunzipSync(readFileSync(file));
    return createHash("sha256").update(tar).digest("hex") === rest.sha256
      ? { ...rest, folder: "", commands: COMMANDS, file }
      : undefined;
  } catch {
    return undefined; // no record, no artefact, or a damaged one: built anew
  }
}

const recordOf = (outDir: string) => join(outDir, "last-build.json");

/** In one step, so that an interrupted build leaves nothing that looks finished. */
function writeWhole(file: string, content: string | Buffer): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}

async function runBuild(appPath: string): Promise<void> {
  try {
    await spawn("npm", ["run", "--silent", "build"], { cwd: appPath, stdin: "ignore" });
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    const lines = error.output.trimEnd().split("\n").slice(-LAST_LINES);
    const what = error.exitCode === undefined ? "couldn't be started" : `ended with exit code ${error.exitCode}`;
    throw new ReleaseError([`${appPath}: npm run build ${what}:`, ...lines.map((line) => `  | ${line}`)].join("\n"));
  }
}
