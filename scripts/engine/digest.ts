import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Bytes read at a time: the engine's files are about 100 MB each, and this hashes them at the disk's pace. */
const CHUNK = 1 << 20;

export interface Content {
  readonly sha256: string;
  readonly size: number;
}

/** What a file holds, following links. */
export async function contentOf(file: string): Promise<Content> {
  const { size } = await stat(file);
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: CHUNK }), hash);
  return { sha256: hash.digest("hex"), size };
}

/** One digest for all files below the folders: their relative names and what they hold. */
export function digestOfSources(...folders: string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()) {
      const content = readFileSync(entry);
      hash.update(`${entry.slice(folder.length)}\0${content.length}\0`).update(content);
    }
  return hash.digest("hex");
}
