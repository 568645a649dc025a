import { type Ended, run } from "../lib/run";

/** Time in milliseconds for a program to say its version. The slowest answers in half a second on a busy machine. */
const PATIENCE = 20_000;

/** A program has to print its version, with or without a leading v, as the answer to `argument`. */
export function answers(argument: string, version: string): (file: string) => Promise<string | undefined> {
  return async (file) => {
    const ended = await ask(file, argument);
    const said = ended.stdout.trim().replace(/^v/, "");
    if (said === version) return undefined;
    return `its version should be ${version}, it says ${JSON.stringify(said || firstLine(ended))}`;
  };
}

/**
 * For programs that the engine talks to and that don't know their version: started, they print the port that they serve, or ask
 * for the engine's address.
 */
export async function serves(file: string): Promise<string | undefined> {
  const stop = new AbortController();
  let first: string | undefined;
  const ended = await run(file, [], { timeout: PATIENCE, signal: stop.signal }, (line) => {
    first ??= line;
    stop.abort();
  });
  if (first !== undefined && (/^\d+$/.test(first) || first.includes("engine RPC address"))) return undefined;
  return `it should print the port that it serves, it says ${JSON.stringify(first ?? firstLine(ended))}`;
}

function ask(file: string, argument: string): Promise<Ended> {
  return run(file, [argument], { timeout: PATIENCE, env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
}

function firstLine(ended: Ended): string {
  return ended.output.trim().split("\n")[0] ?? "";
}
