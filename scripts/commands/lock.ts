import { Command } from "commander";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { plain, whoami } from "../release/who";

/** `queuehost lock`: nobody changes the application until it is unlocked. */
export const lock = new Command("lock")
  .description("keep everybody from changing the application: deploy, up, rollback and restart are refused")
  .requiredOption("--stack <name>", "the stack")
  .requiredOption("--why <text>", "what the others are told")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, why, json }: { stack: string; why: string; json?: true }) => {
    const [server, who] = await Promise.all([serverOf(Pulumi.of(stack)), whoami()]);
    await server.ask("lock", who, plain(why));
    if (json) console.log(JSON.stringify({ stack, locked: true, who, why: plain(why) }, null, 2));
    else console.log(`Stack ${stack} is locked. Lift it: ${typed("unlock", "--stack", stack)}`);
  });
