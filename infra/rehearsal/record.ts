import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ownFolder } from "../config/own-folder";

/** What was rehearsed together: a release, and the settings that it ran with (see `settingsDigest`). */
export interface Pair {
  readonly release: string;
  readonly settings: string;
}

const Rehearsed = z.looseObject({
  release: z.string(),
  settings: z.string(),
  at: z.string(),
  ok: z.boolean(),
  /** How many jobs were allowed to fail for good. */
  failures: z.number().default(0),
});

/** A rehearsal, as the stack's record keeps it: `rehearse` adds its whole report. */
export type Rehearsed = z.infer<typeof Rehearsed>;

/** The newest of a stack. */
const KEPT = 10;

const folderOf = (project: string) => join(ownFolder(project), "rehearsed");

/** Where a stack's rehearsals are written down. */
export const recordFile = (project: string, stack: string): string =>
  // A stack of Pulumi Cloud may be named with its organization; the program knows it by the last part alone.
  join(folderOf(project), `${stack.split("/").at(-1)}.json`);

/** The rehearsals of a stack that are on record, the newest first; none where the file is none of ours. */
export function readRecord(project: string, stack: string): Rehearsed[] {
  const file = recordFile(project, stack);
  if (!existsSync(file)) return [];
  try {
    return z.array(Rehearsed).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return [];
  }
}

/** Writes one down, readable by its owner alone: reasons of failed jobs may tell of people. */
export function keepRecord(project: string, stack: string, rehearsed: Rehearsed): void {
  const file = recordFile(project, stack);
  mkdirSync(folderOf(project), { recursive: true, mode: 0o700 });
  const all = [rehearsed, ...readRecord(project, stack)].slice(0, KEPT);
  writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 1)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Whether a release may go into service with its settings: where both were rehearsed together, and where nothing changes. A
 * release that is held was in service before: going back must not wait for a rehearsal.
 *
 * @param live what is in service by the state; undefined where nothing is, and so there is no data to rehearse with
 */
export function isRehearsed(
  wanted: Pair,
  held: boolean,
  live: Pair | undefined,
  record: readonly Rehearsed[],
): boolean {
  if (live === undefined) return true;
  if (live.settings === wanted.settings && (held || live.release === wanted.release)) return true;
  return goodRehearsal(wanted, record) !== undefined;
}

/** The last good rehearsal of both together. */
export const goodRehearsal = (wanted: Pair, record: readonly Rehearsed[]): Rehearsed | undefined =>
  record.find(({ ok, release, settings }) => ok && release === wanted.release && settings === wanted.settings);
