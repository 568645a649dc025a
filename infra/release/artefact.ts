import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { extract, pack } from "tar-stream";
import type { Entry } from "./contents";

/** A release as a file, with what identifies it. */
export interface Artefact {
  /** The first 12 hex digits of `sha256`. */
  readonly id: string;
  /** Of the tar inside, in hex: zlib's output differs between processors and versions, the tar doesn't. */
  readonly sha256: string;
  readonly file: string;
  /** Bytes of the file. */
  readonly size: number;
}

/**
 * Packs entries of a folder into `<outDir>/<id>.tar.gz`; equal entries make equal artefacts, whoever built them and when. The
 * file appears in one step, so that an interrupted build leaves nothing that looks finished.
 */
export async function packArtefact(root: string, entries: readonly Entry[], outDir: string): Promise<Artefact> {
  const unfinished = join(outDir, `.artefact.${randomUUID()}`);
  const archive = pack();
  const hash = createHash("sha256");
  const tar = new PassThrough().on("data", (chunk: Buffer) => hash.update(chunk));
  try {
    const written = pipeline(archive, tar, createGzip({ level: 6 }), createWriteStream(unfinished));
    await Promise.all([written, fill(archive, root, entries)]);
    const sha256 = hash.digest("hex");
    const id = sha256.slice(0, 12);
    const file = join(outDir, `${id}.tar.gz`);
    await rename(unfinished, file);
    return { id, sha256, file, size: (await stat(file)).size };
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function fill(archive: ReturnType<typeof pack>, root: string, entries: readonly Entry[]): Promise<void> {
  for (const { path: name, executable, size, link } of entries) {
    const common = { name, mtime: new Date(0), uid: 0, gid: 0 };
    if (link !== undefined) archive.entry({ ...common, type: "symlink", linkname: link, mode: 0o777 });
    else {
      const entry = archive.entry({ ...common, mode: executable ? 0o755 : 0o644, size });
      await pipeline(createReadStream(join(root, name)), entry);
    }
  }
  archive.finalize();
}

/** The largest files of an artefact, the largest first. */
export async function largestFiles(file: string, count: number): Promise<{ path: string; size: number }[]> {
  const files: { path: string; size: number }[] = [];
  const reader = extract();
  reader.on("entry", ({ name, size }, stream, next) => {
    files.push({ path: name, size: size ?? 0 });
    stream.on("end", next).resume();
  });
  await pipeline(createReadStream(file), createGunzip(), reader);
  return files.sort((a, b) => b.size - a.size).slice(0, count);
}

/** Artefacts that are kept: those of a few stacks, and what they go back to. */
const KEPT = 10;

/** Deletes all artefacts but the newest. */
export async function pruneArtefacts(outDir: string): Promise<void> {
  const files = (await readdir(outDir)).filter((name) => /^[0-9a-f]{12}\.tar\.gz$/.test(name));
  const aged = await Promise.all(files.map(async (name) => ({ name, time: (await stat(join(outDir, name))).mtimeMs })));
  const old = aged.sort((a, b) => b.time - a.time).slice(KEPT);
  await Promise.all(old.map(({ name }) => rm(join(outDir, name), { force: true })));
}

/** Hex digest of a file. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
