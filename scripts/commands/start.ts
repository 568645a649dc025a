import { Command, InvalidArgumentError } from "commander";
import { Listr, type ListrTask, PRESET_TIMER } from "listr2";
import { startTwin } from "../../twin/client";
import { ensureDocker } from "../../twin/docker/ensure";
import { type EngineReport, ensureEngine } from "../engine";
import { heal } from "../healing";
import { UserError } from "../lib/errors";
import { exclusively } from "../lib/exclusively";
import { pair } from "../lib/pair";
import { IN_CLONE, typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { REHEARSAL, Rehearsal } from "../lib/rehearsal";
import { assertStack } from "../rehearsal/rehearsed";
import { assertReplaceable, type Replaced, warning } from "../rehearsal/replaced";
import { ensureSshKey } from "../rehearsal/ssh-key";
import { ensureStack, up } from "../rehearsal/stack";
import { summary as rehearsalSummary } from "../rehearsal/summary";
import { verifyStack } from "../verification";
import type { Check } from "../verification/check";
import { summary, table } from "./verify";

/** Hetzner's API has no port of its own to borrow; nothing common listens here. */
const DEFAULT_PORT = 8480;

interface Progress {
  engine?: EngineReport;
  checks: Check[];
  verifiedIn: number;
  /** What ended it. */
  fault?: unknown;
}

/** `npm start`: the whole rehearsal, from nothing to a green verification. */
export const start = new Command("start")
  .description("rehearse: start the twin, bring the stack rehearsal up on it, and verify the result")
  .option(
    "--stack <name>",
    `rehearse the configuration of this stack (default: the one before${IN_CLONE ? ", or the reference application's" : ""})`,
  )
  .option(
    "--set <env.KEY=value>",
    "a variable of that stack's to have another value in the rehearsal, now and from now on; may be given again",
    pair,
  )
  .option("--port <port>", `loopback port of the twin's API (default: the one before, or ${DEFAULT_PORT})`, port)
  .action(async ({ port: wanted, stack, set = {} }: { port?: number; stack?: string; set?: Replaced }) => {
    if (process.platform !== "linux")
      throw new UserError(
        `The rehearsal runs real Debian machines and needs Linux; this is ${process.platform}. A real account needs none of it: npx pulumi up, from here.`,
      );
    const rehearsal = new Rehearsal();
    assertSame(rehearsal, stack);
    const rehearsed = stack ?? rehearsal.rehearsed;
    if (rehearsed === undefined && Object.keys(set).length > 0)
      throw new UserError("--set: is for the values of a stack; name it with --stack");
    rehearsal.create();
    const replaced = { ...rehearsal.replaced, ...set };
    const said = rehearsed === undefined ? undefined : warning(Pulumi.of(rehearsed), replaced);
    if (said !== undefined) console.log(`${said}\n`);
    const port = wanted ?? rehearsal.port ?? DEFAULT_PORT;
    await exclusively(rehearsal.folder, typed("start"), () => rehearse(rehearsal, port, rehearsed, replaced));
  });

/** @throws UserError where another stack's rehearsal runs: its application would go on running beside this one's */
function assertSame(rehearsal: Rehearsal, stack: string | undefined): void {
  if (stack === REHEARSAL)
    throw new UserError(`--stack: should be the stack to rehearse, such as staging, got ${stack}`);
  if (stack === undefined && rehearsal.rehearsed === undefined && !IN_CLONE)
    throw new UserError(`Name the stack to rehearse: ${typed("start", "--stack", "staging")}`);
  if (stack === undefined || rehearsal.port === undefined || rehearsal.rehearsed === stack) return;
  const running = rehearsal.rehearsed === undefined ? "the reference application" : `stack ${rehearsal.rehearsed}`;
  throw new UserError(`The rehearsal here is that of ${running}. End it with ${typed("stop")}, then run this again.`);
}

async function rehearse(
  rehearsal: Rehearsal,
  port: number,
  rehearsed: string | undefined,
  replaced: Replaced,
): Promise<void> {
  const pulumi = Pulumi.of(REHEARSAL);
  const started = Date.now();
  const progress: Progress = { checks: [], verifiedIn: 0 };
  const steps = [
    step("Pulumi engine", progress, async (report) => {
      progress.engine = await ensureEngine(report);
      if (rehearsed === undefined) return;
      await assertStack(Pulumi.of(rehearsed));
      assertReplaceable(Pulumi.of(rehearsed), replaced);
      rehearsal.keepRehearsed(rehearsed);
      rehearsal.keepReplaced(replaced);
    }),
    step("Docker", progress, ensureDocker),
    step("Twin: a Hetzner Cloud on loopback", progress, async (report) => {
      const twin = await startTwin({ stateDir: rehearsal.twinState, port, token: rehearsal.token, report });
      rehearsal.keepPort(port);
      await ensureSshKey(rehearsal);
      await ensureStack(pulumi, rehearsal, twin, report, rehearsed === undefined ? undefined : Pulumi.of(rehearsed));
      await heal(pulumi, report);
    }),
    step("pulumi up --stack rehearsal", progress, (report) => up(pulumi, rehearsal, report)),
    step("Verification", progress, async () => {
      const began = Date.now();
      progress.checks = await verifyStack(pulumi);
      progress.verifiedIn = Date.now() - began;
      if (!progress.checks.every(({ ok }) => ok)) throw new VerificationFailed();
    }),
  ];
  // Ctrl-C is for the engine to finish its step (see up).
  const timer = { timer: PRESET_TIMER };
  const list = new Listr(steps, {
    registerSignalListeners: false,
    rendererOptions: timer,
    fallbackRendererOptions: timer,
  });
  await list.run().catch((error: unknown) => {
    if (!(progress.fault instanceof VerificationFailed)) throw progress.fault ?? error;
  });
  console.log(`\n${table(progress.checks)}\n\n${summary(progress.checks, progress.verifiedIn)}\n`);
  console.log(await rehearsalSummary(pulumi, rehearsal, progress.engine, Date.now() - started));
  if (progress.fault) {
    console.log(`\nNot everything is as it should be: see the last rows of the table. ${typed("verify")} looks again.`);
    process.exitCode = 1;
  }
}

/** The rows of the table say why. */
class VerificationFailed extends Error {}

/** A step of the list. What goes wrong in it is told once, whole, after the list, which has room for a line. */
function step(
  title: string,
  progress: Progress,
  work: (report: (line: string) => void) => Promise<unknown>,
): ListrTask {
  return {
    title,
    task: async (_, task) => {
      try {
        await work((line) => {
          task.output = line;
        });
      } catch (error) {
        progress.fault = error;
        throw new Error("see below");
      }
    },
  };
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1024 || value > 65535)
    throw new InvalidArgumentError(`should be a port from 1024 to 65535, got ${text}`);
  return value;
}
