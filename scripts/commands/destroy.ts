import { Command } from "commander";
import { tearDown } from "../environment/tear-down";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";

/** `queuehost destroy`: deletes what a stack has in the cloud; refuses for a protected one. */
export const destroy = new Command("destroy")
  .description("delete everything that a stack has in the cloud; its configuration stays")
  .requiredOption("--stack <name>", "the stack")
  .option("--yes", "don't ask for the stack's name, for scripts")
  .action(({ stack, yes = false }: { stack: string; yes?: boolean }) =>
    tearDown(Pulumi.of(stack), yes, typed("destroy", "--stack", stack)),
  );
