import { Command } from "commander";
import { bringUp } from "../environment/bring-up";
import { Pulumi } from "../lib/pulumi";

/** `queuehost up`: heals what an interrupted operation left, then `pulumi up`, then the verification. */
export const up = new Command("up")
  .description("bring a stack up: heal what an interrupted run left, pulumi up, then verify")
  .requiredOption("--stack <name>", "the stack")
  .option("--yes", "ask nothing and show no preview, for scripts")
  .option("--no-verify", "don't look at the result")
  .action(async ({ stack, yes = false, verify }: { stack: string; yes?: boolean; verify: boolean }) => {
    if (!(await bringUp(Pulumi.of(stack), { yes, verify }))) process.exitCode = 1;
  });
