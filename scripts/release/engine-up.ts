import { Progress, terminal } from "../engine/progress";
import { UserError } from "../lib/errors";
import { Interrupted, interruptible } from "../lib/interrupt";
import { diagnostics, type Pulumi } from "../lib/pulumi";

/** The same error, with how to go on. */
export function goingOn(error: unknown, goesOn: string): unknown {
  if (error instanceof Interrupted) return new Interrupted(`${error.message} ${goesOn}`);
  return error instanceof UserError ? new UserError(`${error.message}\n${goesOn}`) : error;
}

/**
 * `pulumi up`, whose output is shown only where it fails.
 *
 * @param title what it is for
 * @throws UserError with what the engine says went wrong
 * @throws Interrupted after Ctrl-C, once the engine has ended properly
 */
export async function engineUp(pulumi: Pulumi, args: readonly string[], title: string): Promise<void> {
  const shown = terminal();
  const progress = new Progress(shown.report, title);
  const onLine = (line: string) => {
    const said = line.trim();
    if (said !== "" && !said.startsWith("@")) progress.at(said.replaceAll(/\s+/g, " ").slice(0, 100));
  };
  try {
    const { child, ended } = await pulumi.start(["up", "--yes", "--skip-preview", "--color", "never", ...args], onLine);
    const interrupted = await interruptible(child, ended, () =>
      progress.note("interrupted: finishing the step that is under way; Ctrl-C again ends it at once"),
    );
    if (interrupted) throw new Interrupted("Interrupted.");
    const { exitCode, output } = await ended;
    if (exitCode !== 0) throw new UserError(`pulumi up failed:\n${diagnostics(output)}`);
    progress.end("done");
  } finally {
    progress.stop();
    shown.end();
  }
}
