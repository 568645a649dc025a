import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";

/** A type in a location that Hetzner refused although its list had it. */
const Refusal = z.object({ stack: z.string(), type: z.string(), location: z.string(), at: z.number() });
export type Refusal = z.infer<typeof Refusal>;

const FOLDER = ".queuehost";
const FILE = `${FOLDER}/refusals.json`;
/** How long one is remembered. Rooms come free again, and the list knows soon. */
const REMEMBERED_MS = 60 * 60 * 1000;

/** What was refused to this stack within the last hour. */
export function refusals(stack: string): Refusal[] {
  return recent().filter((refusal) => refusal.stack === stack);
}

/** Remembers a refusal, in the project's folder, so that the next `up` tries something else first. */
export function rememberRefusal(stack: string, type: string, location: string): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FILE, `${JSON.stringify([...recent(), { stack, type, location, at: Date.now() }])}\n`);
}

function recent(): Refusal[] {
  try {
    const all = z.array(Refusal).parse(JSON.parse(readFileSync(FILE, "utf8")));
    return all.filter(({ at }) => at > Date.now() - REMEMBERED_MS);
  } catch {
    return []; // no file, or one that somebody else wrote: nothing is remembered
  }
}
