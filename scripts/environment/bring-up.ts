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
import { assertNotGone, existence } from "./existence";
import { guard } from "./guard";
import { type Screen, screen as screenOf } from "./screen";

export interface BringUpOptions {
  /** Asks nothing; otherwise the engine shows what it would do, and asks. */
  readonly yes: boolean;
  readonly verify: boolean;
  /** The command that goes on where this one is interrupted; without it, `up`. */
  readonly again?: string;
  readonly screen?: Screen;
}

/**
 * Brings a stack up, having finished what an interrupted operation left and looked at what is in service, and looks at the
 * result.
 *
 * @returns whether everything is as it should be
 * @throws UserError where the engine failed, which has said why itself, where somebody has locked the application, where the
 *   server is gone, or where it would be deleted and what is on it isn't safe
 * @throws Interrupted after Ctrl-C
 */
export async function bringUp(pulumi: Pulumi, options: BringUpOptions): Promise<boolean> {
  const { yes, verify, again = typed("up", "--stack", pulumi.stack), screen = screenOf(false) } = options;
  const started = Date.now();
  assertAnswerable(yes);
  await ensureEngine();
  const healed = await heal(pulumi, screen.say);
  await assertNotGone(pulumi, healed);
  const seen = await look(pulumi, screen.say);
  if (seen !== undefined) assertUnlocked(pulumi.stack, seen.status);
  const besides = seen === undefined ? [] : await reconcile(pulumi, seen, screen.say);
  if ((await existence(pulumi, healed)).server === "there") await guard(pulumi, screen);
  const { exitCode } = await pulumi.attended(
    ["up", ...(yes ? ["--yes", "--skip-preview"] : []), ...besides],
    `${again} goes on from here.`,
    screen.stdout,
  );
  if (exitCode !== 0)
    throw new UserError(`pulumi up didn't get through; it says above why. ${again} goes on from here.`);
  const green = !verify || (await isGreen(pulumi, screen));
  const { url } = (await pulumi.outputs()).verification as Subject;
  screen.say(`\nStack ${pulumi.stack} is up (${elapsed(Date.now() - started)}): ${url}`);
  return green;
}

/** Shows what a verification says, and gives whether everything is as it should be. */
export async function isGreen(pulumi: Pulumi, { say }: Screen): Promise<boolean> {
  const began = Date.now();
  const checks = await verifyStack(pulumi);
  say(`${table(checks)}\n\n${summary(checks, Date.now() - began)}`);
  return checks.every(({ ok }) => ok);
}

/** @throws UserError where a question would be asked, and nobody is at a terminal to answer it */
export function assertAnswerable(yes: boolean): void {
  if (!yes && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new UserError("--yes: is needed where nobody is at a terminal to be asked. Nothing was done.");
}
