import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { allowMe } from "./commands/allow-me";
import { backups } from "./commands/backups";
import { check } from "./commands/check";
import { deploy } from "./commands/deploy";
import { destroy } from "./commands/destroy";
import { dev } from "./commands/dev";
import { engine } from "./commands/engine";
import { env } from "./commands/env";
import { init } from "./commands/init";
import { lock } from "./commands/lock";
import { logs } from "./commands/logs";
import { maintenance } from "./commands/maintenance";
import { recreate } from "./commands/recreate";
import { rehearse } from "./commands/rehearse";
import { releases } from "./commands/releases";
import { replay } from "./commands/replay";
import { restart } from "./commands/restart";
import { restore } from "./commands/restore";
import { rollback } from "./commands/rollback";
import { ssh } from "./commands/ssh";
import { start } from "./commands/start";
import { status } from "./commands/status";
import { stop } from "./commands/stop";
import { test } from "./commands/test";
import { tunnel } from "./commands/tunnel";
import { unlock } from "./commands/unlock";
import { up } from "./commands/up";
import { verify } from "./commands/verify";
import { UserError } from "./lib/errors";
import { Interrupted } from "./lib/interrupt";
import { assertProject, IN_CLONE } from "./lib/places";

const program = new Command("queuehost")
  .description("A BullMQ backend on Hetzner Cloud by one pulumi up, rehearsed on loopback first.")
  .version(version)
  .showHelpAfterError("(--help lists the options)");
const RELEASES = [deploy, rollback, replay, releases, restart, maintenance, status, lock, unlock];
const DATA = [backups, restore];
const ACCESS = [ssh, logs, tunnel, allowMe];
for (const command of [
  init,
  env,
  up,
  destroy,
  recreate,
  start,
  rehearse,
  stop,
  verify,
  ...RELEASES,
  ...DATA,
  ...ACCESS,
])
  program.addCommand(command.hook("preAction", assertProject));
program.addCommand(engine);
// The reference application, and what is said and tested of the sources of this package.
if (IN_CLONE) for (const command of [dev, test, check]) program.addCommand(command);

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  if (error instanceof Interrupted) {
    console.error(error.message);
    process.exit(error.exitCode);
  }
  // What is thrown as a UserError is for the user to read; anything else is a defect and shows where.
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
});
