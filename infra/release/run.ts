import spawn, { type Options, SubprocessError } from "nano-spawn";

/** How a process ended. */
export interface Ended {
  /** undefined where it couldn't be started, or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** stdout and stderr, as they came; why it couldn't be started, where it couldn't. */
  readonly output: string;
}

/** Runs a process to its end; its failure is a result and not an error. */
export async function run(file: string, args: readonly string[], options: Options = {}): Promise<Ended> {
  try {
    const { stdout, output } = await spawn(file, [...args], { stdin: "ignore", ...options });
    return { exitCode: 0, stdout, output };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    return { exitCode: error.exitCode, stdout: error.stdout, output: error.output || error.message };
  }
}

/** Lines of a failed process that are shown. */
const LAST_LINES = 20;

/** npm's opinion of settings that are meant for others. */
const NOISE = /^npm warn Unknown \w+ config /;

/** What a process said last, as a quotation below a message. */
export function lastLines(output: string): string {
  const lines = output.trimEnd().split("\n");
  const told = lines.filter((line) => !NOISE.test(line)).slice(-LAST_LINES);
  return told.map((line) => `\n  | ${line}`).join("");
}
