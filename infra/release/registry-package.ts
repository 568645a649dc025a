import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ReleaseError } from "./error";
import { lastLines, run } from "./run";

/** A package of the npm registry, exactly. */
export interface Pinned {
  readonly name: string;
  readonly version: string;
  /** `sha512-` and base64. */
  readonly integrity: string;
}

/**
 * Unpacks a package into `folder`, once, after its digest was checked. npm fetches it, with whatever registry, proxy and
 * certificates it is set up for.
 *
 * @throws ReleaseError where it can't be had, or is another one
 */
export async function unpackPackage({ name, version, integrity }: Pinned, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    const spec = `${name}@${version}`;
    const packed = await run("npm", ["pack", "--silent", "--pack-destination", unfinished, spec], { cwd: unfinished });
    const [archive] = readdirSync(unfinished);
    if (packed.exitCode !== 0 || archive === undefined)
      throw new ReleaseError(`${spec} can't be had from the npm registry:${lastLines(packed.output)}`);
    const file = join(unfinished, archive);
    if ((await digest(file)) !== integrity)
      throw new ReleaseError(`${spec}: what the npm registry sent is not what is pinned; nothing was installed`);
    const unpacked = await run("tar", ["-xzf", file, "-C", unfinished, "--strip-components=1", "--no-same-owner"]);
    if (unpacked.exitCode !== 0) throw new ReleaseError(`${spec} can't be unpacked:${lastLines(unpacked.output)}`);
    rmSync(file);
    putInPlace(unfinished, folder);
  } catch (error) {
    putInPlace(unfinished, undefined);
    throw error;
  }
}

/** Gives a finished folder its name, unless somebody else was quicker; without a name it goes. */
export function putInPlace(unfinished: string, folder: string | undefined): void {
  try {
    if (folder !== undefined) renameSync(unfinished, folder);
  } catch (error) {
    if (folder === undefined || !existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest("base64")}`;
}
