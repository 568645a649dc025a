import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NotToBeHad, UserError } from "../lib/errors";
import { contentOf } from "./digest";
import type { Home } from "./home";
import { inspect, namesIn, type State } from "./inspect";
import { underLock } from "./lock";
import { type Entry, Manifest } from "./manifest";
import type { Obstacle, Part, Source, Way } from "./part";
import { Progress, type Report } from "./progress";

/** A part that is in place. */
export interface Placed {
  readonly part: Part;
  readonly source: Source;
  /** Whether it was put there just now. */
  readonly fresh: boolean;
}

/**
 * Sees to it that all parts are in place, whole and of their version. Where they are, nothing is written and no lock taken.
 *
 * @throws NotToBeHad when this machine has nothing to come by a part with: neither a download nor a compiler
 * @throws UserError when a way is open and gives nothing that works
 */
export async function ensureParts(home: Home, parts: readonly Part[], report: Report): Promise<Placed[]> {
  const manifest = new Manifest(home);
  const states = await Promise.all(parts.map((part) => inspect(home, manifest, part)));
  if (states.every((state) => state.ok && state.recorded)) return parts.map((part, i) => placed(part, states[i]));
  return underLock(home, report, async () => {
    clearStaging(home);
    const result: Placed[] = [];
    // One after another: the plugins are fetched by the command line, and a build uses all cores anyway.
    for (const part of parts) result.push(await ensurePart(home, manifest, part, report));
    return result;
  });
}

async function ensurePart(home: Home, manifest: Manifest, part: Part, report: Report): Promise<Placed> {
  const state = await inspect(home, manifest, part);
  if (state.ok) {
    if (!state.recorded) await record(home, manifest, part.folder, [part.file], { source: state.source });
    return placed(part, state);
  }
  if (namesIn(home.path(part.folder)).includes(part.file)) report(`${part.title}: ${state.reason}; replacing it`);
  const obstacles: Obstacle[] = [];
  const progress = new Progress(report, `${part.title} ${part.version}`);
  try {
    for (const way of part.ways) {
      const obstacle = await tryWay(home, manifest, part, way, progress);
      if (obstacle === undefined) {
        progress.end(way.note ? `${way.source} ${way.note}` : way.source);
        return { part, source: way.source, fresh: true };
      }
      obstacles.push(obstacle);
    }
  } finally {
    progress.stop();
  }
  const Refusal = obstacles.every(({ absent }) => absent) ? NotToBeHad : UserError;
  throw new Refusal(explain(part, obstacles));
}

async function tryWay(
  home: Home,
  manifest: Manifest,
  part: Part,
  way: Way,
  progress: Progress,
): Promise<Obstacle | undefined> {
  const temporary = makeTemporary(home);
  const staging = join(temporary, "files");
  mkdirSync(staging);
  try {
    const obstacle = await way.stage(staging, progress);
    if (obstacle) return obstacle;
    const fault = await part.fault(join(staging, part.file));
    if (fault) return { reason: `what came by way of ${way.source} is of no use: ${fault}` };
    const names = namesIn(staging);
    place(staging, home.path(part.folder), names);
    const recipe = way.recipe?.();
    await record(home, manifest, part.folder, names, {
      source: way.source,
      ...(recipe === undefined ? {} : { recipe }),
    });
    return undefined;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Moves each file into place in one step: who starts it meanwhile gets the old one or the new one. */
function place(staging: string, folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) renameSync(join(staging, name), join(folder, name));
  rmSync(`${folder}.partial`, { force: true });
}

async function record(
  home: Home,
  manifest: Manifest,
  folder: string,
  names: readonly string[],
  origin: Pick<Entry, "source" | "recipe">,
): Promise<void> {
  const entries: Record<string, Entry> = {};
  for (const name of names) entries[join(folder, name)] = { ...origin, ...(await contentOf(home.path(folder, name))) };
  manifest.record(entries);
}

/** What an interrupted run left. */
function clearStaging(home: Home): void {
  rmSync(join(home.own, "staging"), { recursive: true, force: true });
}

function makeTemporary(home: Home): string {
  mkdirSync(join(home.own, "staging"), { recursive: true });
  return mkdtempSync(join(home.own, "staging", "part-"));
}

function placed(part: Part, state: State | undefined): Placed {
  if (!state?.ok) throw new Error(`${part.name} isn't in place`);
  return { part, source: state.source, fresh: false };
}

/** One line, unless a reason has more. */
function explain(part: Part, obstacles: readonly Obstacle[]): string {
  const reasons = obstacles.map((obstacle) => obstacle.reason).join("; ");
  const remedy = obstacles.findLast((obstacle) => obstacle.remedy)?.remedy ?? "Mend that";
  const end = reasons.includes("\n") ? "\n" : ". ";
  return `${part.title} ${part.version} can't be had: ${reasons}${end}${remedy}, then run this again.`;
}
