import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Artefact, sha256Of } from "./artefact";

interface Record<Built extends Artefact> {
  /** Digest of all that the build depended on. */
  readonly inputs: string;
  /** Digest of the artefact's file: quicker to look at than the tar inside. */
  readonly artefact: string;
  readonly release: Omit<Built, "file">;
}

const fileOf = (workspace: string) => join(workspace, "last-build.json");

/** What was built last in a workspace, where it was built from the same and its artefact hasn't been touched since. */
export async function recall<Built extends Artefact>(
  workspace: string,
  outDir: string,
  inputs: string,
): Promise<Built | undefined> {
  try {
    const record = JSON.parse(readFileSync(fileOf(workspace), "utf8")) as Record<Built>;
    if (record.inputs !== inputs) return undefined;
    const file = resolve(outDir, `${record.release.id}.tar.gz`);
    return (await sha256Of(file)) === record.artefact ? ({ ...record.release, file } as Built) : undefined;
  } catch {
    return undefined; // no record, no artefact, or a damaged one: built anew
  }
}

/** Remembers what was built. */
export async function remember<Built extends Artefact>(
  workspace: string,
  inputs: string,
  { file, ...release }: Built,
): Promise<void> {
  const record: Record<Built> = { inputs, artefact: await sha256Of(file), release };
  const unfinished = `${fileOf(workspace)}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(unfinished, fileOf(workspace));
}

/** A digest over values. */
export const digestOf = (...values: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(values)).digest("hex");
