import { Command } from "commander";
import { destroyStack } from "../environment/destroy";
import { Pulumi } from "../lib/pulumi";

/** `queuehost destroy`: deletes what a stack has in the cloud but its Storage Box; refuses for a protected one. */
export const destroy = new Command("destroy")
  .description("delete what a stack has in the cloud; its configuration stays, and its Storage Box with the backups")
  .requiredOption("--stack <name>", "the stack")
  .option("--with-backups", "delete its Storage Box as well, with every backup in it; asks for the stack's name again")
  .option("--yes", "don't ask for the stack's name, for scripts")
  .action(({ stack, yes = false, withBackups = false }: { stack: string; yes?: boolean; withBackups?: boolean }) =>
    destroyStack(Pulumi.of(stack), yes, withBackups),
  );
