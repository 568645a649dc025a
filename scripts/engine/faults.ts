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

/** For programs that don't know their version: an executable for this machine ends with some exit code, a damaged one doesn't. */
export async function starts(file: string): Promise<string | undefined> {
  const ended = await ask(file, "--version");
  return ended.exitCode === undefined ? `it doesn't start: ${firstLine(ended)}` : undefined;
}

function ask(file: string, argument: string): Promise<Ended> {
  return run(file, [argument], { timeout: PATIENCE, env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
}

function firstLine(ended: Ended): string {
  return ended.output.trim().split("\n")[0] ?? "";
}
