import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { check } from "./commands/check";
import { destroy } from "./commands/destroy";
import { engine } from "./commands/engine";
import { env } from "./commands/env";
import { init } from "./commands/init";
import { recreate } from "./commands/recreate";
import { start } from "./commands/start";
import { stop } from "./commands/stop";
import { test } from "./commands/test";
import { up } from "./commands/up";
import { verify } from "./commands/verify";
import { UserError } from "./lib/errors";
import { Interrupted } from "./lib/interrupt";
import { assertProject, IN_CLONE } from "./lib/places";

const program = new Command("queuehost")
  .description("A BullMQ backend on Hetzner Cloud by one pulumi up, rehearsed on loopback first.")
  .version(version)
  .showHelpAfterError("(--help lists the options)");
for (const command of [init, env, up, destroy, recreate, start, stop, verify])
  program.addCommand(command.hook("preAction", assertProject));
program.addCommand(engine);
// What is said and tested of the sources of this package.
if (IN_CLONE) for (const command of [test, check]) program.addCommand(command);

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
