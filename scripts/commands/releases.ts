import { Command } from "commander";
import { Pulumi } from "../lib/pulumi";
import { disagreement, disagreementWords } from "../release/agree";
import { listed } from "../release/choose";
import { serverOf } from "../release/server";

/** `queuehost releases`: what the server keeps, and what is refused. */
export const releases = new Command("releases")
  .description("list the releases that the server keeps: which is live, since when, by whom")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print them as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const server = await serverOf(Pulumi.of(stack));
    const { status, releases } = await server.overview();
    if (json) {
      console.log(JSON.stringify({ stack, live: status.release, recorded: server.recorded, releases }, null, 2));
      return;
    }
    console.log(listed(releases));
    const differs = disagreement(server.recorded, status);
    if (differs !== undefined) console.log(`\n${disagreementWords(differs)}`);
  });
