import { Command } from "commander";
import { Pulumi } from "../lib/pulumi";
import { assertUnlocked } from "../release/agree";
import { serverOf } from "../release/server";
import { plain, whoami } from "../release/who";

interface Options {
  readonly stack: string;
  readonly process?: string;
  readonly why: string;
  readonly json?: true;
}

/** `queuehost restart`: the live release anew, without a request refused or a job lost. */
export const restart = new Command("restart")
  .description("start the live release anew on the other side, or one group of workers in place")
  .requiredOption("--stack <name>", "the stack")
  .option(
    "--process <name>",
    "worker or worker-<group>: its instances alone, in place and one after another; backend: all, on the other side",
  )
  .option("--why <text>", "what the server's records say", "by hand")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, process: only, why, json }: Options) => {
    const [server, who] = await Promise.all([serverOf(Pulumi.of(stack)), whoami()]);
    const { status } = await server.overview();
    assertUnlocked(stack, status);
    const began = Date.now();
    await server.ask("restart", who, plain(why), ...(only === undefined ? [] : [only]));
    const seconds = (Date.now() - began) / 1000;
    if (json) console.log(JSON.stringify({ stack, release: status.release, process: only ?? null, seconds }, null, 2));
    else
      console.log(
        `${only === undefined ? `Release ${status.release}` : `Every ${only} of release ${status.release}`} was restarted (${seconds.toFixed(1)} s): ${server.subject.url}`,
      );
  });
