import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { ReleaseError } from "./error";

/** A release as bytes, with what identifies it. */
export interface Artefact {
  /** The first 12 hex digits of `sha256`. */
  readonly id: string;
  /** Of the tar inside, in hex: zlib's output differs between processors and versions, the tar doesn't. */
  readonly sha256: string;
  /** The `version` of its package.json. */
  readonly version: string;
  readonly bytes: Buffer;
}

/** Without these no unit could start. */
const NEEDED = ["backend/main.cjs", "worker/main.cjs", "package.json"];

/**
 * Packs the folder that a build wrote; equal folders make equal artefacts, whoever built them and when.
 * @throws ReleaseError when something that every release has is missing, or something is in it that no release may have.
 */
export async function packArtefact(dist: string): Promise<Artefact> {
  const paths = walk(dist, "");
  const missing = NEEDED.filter((path) => !paths.includes(path));
  if (missing.length > 0) {
    throw new ReleaseError(
      `${dist}: should hold ${NEEDED.join(", ")} after the build, but ${missing.join(", ")} is missing`,
    );
  }
  const secret = paths.find((path) => /(^|\/)\.env(\.|$)/.test(path));
  if (secret !== undefined) {
    throw new ReleaseError(
      `${join(dist, secret)}: secrets don't travel in a release; set them as env.<KEY> of the stack instead`,
    );
  }
  const { version } = JSON.parse(readFileSync(join(dist, "package.json"), "utf8")) as { version?: string };
  const bytes = await tar(dist, paths);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { id: sha256.slice(0, 12), sha256, version: version ?? "0.0.0", bytes: gzipSync(bytes, { level: 9 }) };
}

async function tar(root: string, paths: readonly string[]): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on("data", (chunk) => chunks.push(chunk as Buffer));
  const done = new Promise<void>((settle, fail) => archive.on("end", settle).on("error", fail));
  for (const path of paths) {
    const mode = lstatSync(join(root, path)).mode & 0o111 ? 0o755 : 0o644;
    archive.entry({ name: path, mode, mtime: new Date(0), uid: 0, gid: 0 }, readFileSync(join(root, path)));
  }
  archive.finalize();
  await done;
  return Buffer.concat(chunks);
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return walk(root, path);
      if (entry.isFile()) return [path];
      throw new ReleaseError(`${join(root, path)}: should be a file or a folder; a release holds no links`);
    })
    .sort();
}
