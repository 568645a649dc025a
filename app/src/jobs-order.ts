import { resolve } from "node:path";
import { parseArgs } from "node:util";

export const USAGE = `Moves jobs that wait from one provider (QUEUE_PROVIDER, AGENDA_BACKEND ...) to another, or to another server.

  jobs export <file> [--failed] [--pause <seconds>]   all that wait, are scheduled or recur, into a file
  jobs import <file>                                   from such a file; may be repeated
  jobs pause                                           all queues; jobs that run go on
  jobs resume

  --failed    also jobs that failed for good; where they arrive, they wait again
  --pause     pauses the queues first, and waits so long for running jobs; they stay paused

Encrypted fields stay encrypted: where the jobs arrive, QUEUE_ENCRYPTION_KEY needs the key that they were stored with.`;

/** The command was written wrongly: exit code 2. */
export class WrongUse extends Error {}

/** What the operator wants. */
export interface Order {
  readonly verb: "export" | "import" | "pause" | "resume" | "help";
  readonly file: string;
  readonly failed: boolean;
  readonly pauseMs?: number;
}

/**
 * @param folder where the operator stands: npm starts a script in the folder of its package
 * @throws WrongUse
 */
export function orderOf(args: readonly string[], folder = "."): Order {
  const options = { failed: { type: "boolean" }, pause: { type: "string" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parse(() => parseArgs({ args: [...args], options, allowPositionals: true }));
  const [verb = "", file = "", ...more] = positionals;
  if (values.help) return { verb: "help", file, failed: false };
  const { pause, failed = false } = values;
  const seconds = Number(pause ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0) {
    throw new WrongUse(`--pause: should be a whole number of seconds, got ${JSON.stringify(pause)}`);
  }
  switch (verb) {
    case "export":
    case "import":
      if (file === "" || more.length > 0) throw new WrongUse(`${verb}: should be followed by one file`);
      break;
    case "pause":
    case "resume":
      if (file !== "") throw new WrongUse(`${verb}: should stand alone, got ${JSON.stringify(file)}`);
      break;
    default:
      throw new WrongUse(`should be export, import, pause or resume, got ${JSON.stringify(verb)}`);
  }
  if (verb !== "export" && (failed || pause !== undefined)) throw new WrongUse("--failed and --pause are for export");
  return { verb, file: resolve(folder, file), failed, ...(pause !== undefined && { pauseMs: seconds * 1000 }) };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}
