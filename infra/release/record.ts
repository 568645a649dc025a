import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Release } from "./app";
import { sha256Of } from "./artefact";

interface Record {
  /** Digest of all that the build depended on. */
  readonly inputs: string;
  /** Digest of the artefact's file: quicker to look at than the tar inside. */
  readonly artefact: string;
  readonly release: Omit<Release, "file">;
}

const fileOf = (workspace: string) => join(workspace, "last-build.json");

/** The last release, where it was built from the same and its artefact hasn't been touched since. */
export async function recall(workspace: string, outDir: string, inputs: string): Promise<Release | undefined> {
  try {
    const record = JSON.parse(readFileSync(fileOf(workspace), "utf8")) as Record;
    if (record.inputs !== inputs) return undefined;
    const file = resolve(outDir, `${record.release.id}.tar.gz`);
    return (await sha256Of(file)) === record.artefact ? { ...record.release, file } : undefined;
  } catch {
    return undefined; // no record, no artefact, or a damaged one: built anew
  }
}

/** Remembers what was built. */
export async function remember(workspace: string, inputs: string, { file, ...release }: Release): Promise<void> {
  const record: Record = { inputs, artefact: await sha256Of(file), release };
  const unfinished = `${fileOf(workspace)}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(unfinished, fileOf(workspace));
}

/** A digest over values. */
export const digestOf = (...values: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(values)).digest("hex");
