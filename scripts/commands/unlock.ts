import { Command } from "commander";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { whoami } from "../release/who";
import { lockWords } from "../release/words";

/** `queuehost unlock`: lifts a lock, whoever holds it, and says whose it was. */
export const unlock = new Command("unlock")
  .description("lift a lock, whoever holds it")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const [server, who] = await Promise.all([serverOf(Pulumi.of(stack)), whoami()]);
    const { lock } = (await server.overview()).status;
    if (lock !== undefined) await server.ask("unlock", who);
    if (json) console.log(JSON.stringify({ stack, locked: false, was: lock ?? null }, null, 2));
    else
      console.log(
        lock === undefined
          ? `Stack ${stack} wasn't locked.`
          : `Stack ${stack} was ${lockWords(lock)}. It isn't any more.`,
      );
  });
