import type { ChildProcess } from "node:child_process";
import spawn, { type Options, SubprocessError } from "nano-spawn";

/** How a process ended. */
export interface Ended {
  /** undefined where it couldn't be started or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** stdout and stderr, as they came. */
  readonly output: string;
}

/**
 * Runs a process to its end; its failure is a result and not an error.
 *
 * @param onLine gets each line of stdout and stderr as it comes
 * @param onChild gets the process, once it runs
 */
export async function run(
  file: string,
  args: readonly string[],
  options: Options = {},
  onLine?: (line: string) => void,
  onChild?: (child: ChildProcess) => void,
): Promise<Ended> {
  const running = spawn(file, [...args], options);
  const lines: string[] = [];
  try {
    // Not awaited: its lines have to be read from the start. Where it can't be started, the result says so.
    if (onChild) running.nodeChildProcess.then(onChild, () => {});
    if (onLine)
      for await (const line of running) {
        // Lines that were read one by one aren't kept.
        lines.push(line);
        onLine(line);
      }
    const { stdout, output } = await running;
    return { exitCode: 0, stdout, output: output || lines.join("\n") };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    const { exitCode, stdout, output, message } = error;
    return { exitCode, stdout, output: output || lines.join("\n") || message };
  }
}
