import { Command } from "commander";
import { bringUp } from "../environment/bring-up";
import { assertRebuildable } from "../environment/rebuildable";
import { tearDown } from "../environment/tear-down";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";

/** `queuehost recreate`: a new server in place of the old one; refuses for a protected stack. */
export const recreate = new Command("recreate")
  .description("delete everything that a stack has in the cloud and bring it up anew")
  .requiredOption("--stack <name>", "the stack")
  .option("--yes", "don't ask for the stack's name, for scripts")
  .action(async ({ stack, yes = false }: { stack: string; yes?: boolean }) => {
    const pulumi = Pulumi.of(stack);
    await tearDown(pulumi, yes, typed("recreate", "--stack", stack), () => assertRebuildable(pulumi));
    // Who typed the name has been asked.
    if (!(await bringUp(pulumi, { yes: true, verify: true }))) process.exitCode = 1;
  });
