import { Command } from "commander";
import { recreateStack } from "../environment/recreate";
import { Pulumi } from "../lib/pulumi";

interface Options {
  readonly stack: string;
  readonly restore: string;
  readonly withoutLast?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `queuehost recreate`: a new server in place of the old one, with its data or without; refuses for a protected stack. */
export const recreate = new Command("recreate")
  .description("delete what a stack has in the cloud and bring it up anew, with its data where --restore says so")
  .requiredOption("--stack <name>", "the stack")
  .option("--restore <backup>", "what to bring back: latest, a backup's id or date, or none", "none")
  .option(
    "--without-last",
    "make no last backup, where that can't be done any more: what came after the newest one is lost",
  )
  .option("--yes", "don't ask for the stack's name, for scripts")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, restore, withoutLast = false, yes = false, json = false }: Options) => {
    if (!(await recreateStack(Pulumi.of(stack), { restore, withoutLast, yes, json }))) process.exitCode = 1;
  });
