import { summary, table } from "../commands/verify";
import { ensureEngine } from "../engine";
import { elapsed } from "../engine/progress";
import { heal } from "../healing";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { assertUnlocked, look, reconcile } from "../release/agree";
import { verifyStack } from "../verification";
import type { Subject } from "../verification/check";

export interface BringUpOptions {
  /** Asks nothing; otherwise the engine shows what it would do, and asks. */
  readonly yes: boolean;
  readonly verify: boolean;
}

/**
 * Brings a stack up, having finished what an interrupted operation left and looked at what is in service, and looks at the
 * result.
 *
 * @returns whether everything is as it should be
 * @throws UserError where the engine failed, which has said why itself, or where somebody has locked the application
 * @throws Interrupted after Ctrl-C
 */
export async function bringUp(pulumi: Pulumi, { yes, verify }: BringUpOptions): Promise<boolean> {
  const started = Date.now();
  const again = typed("up", "--stack", pulumi.stack);
  assertAnswerable(yes);
  await ensureEngine();
  await heal(pulumi, console.log);
  const seen = await look(pulumi, console.log);
  if (seen !== undefined) assertUnlocked(pulumi.stack, seen.status);
  const besides = seen === undefined ? [] : await reconcile(pulumi, seen, console.log);
  const { exitCode } = await pulumi.attended(
    ["up", ...(yes ? ["--yes", "--skip-preview"] : []), ...besides],
    `${again} goes on from here.`,
  );
  if (exitCode !== 0)
    throw new UserError(`pulumi up didn't get through; it says above why. ${again} goes on from here.`);
  let green = true;
  if (verify) {
    const began = Date.now();
    const checks = await verifyStack(pulumi);
    green = checks.every(({ ok }) => ok);
    console.log(`${table(checks)}\n\n${summary(checks, Date.now() - began)}`);
  }
  const { url } = (await pulumi.outputs()).verification as Subject;
  console.log(`\nStack ${pulumi.stack} is up (${elapsed(Date.now() - started)}): ${url}`);
  return green;
}

/** @throws UserError where a question would be asked, and nobody is at a terminal to answer it */
export function assertAnswerable(yes: boolean): void {
  if (!yes && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new UserError("--yes: is needed where nobody is at a terminal to be asked. Nothing was done.");
}
