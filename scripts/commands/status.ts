import { readFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { Command } from "commander";
import { columns } from "../lib/columns";
import { PACKAGE } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { healthOf } from "../release/health";
import { faultsOf, parseRest, rowsOf } from "../release/overall";
import { serverOf } from "../release/server";

const SCRIPT = join(PACKAGE, "host/status/status.sh");

/** `queuehost status`: how the application is, at a glance. */
export const status = new Command("status")
  .description("how the application is: release, processes, queues, backups; exit code 1 where something is wrong")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print it as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const server = await serverOf(Pulumi.of(stack));
    const [{ status, rest }, health] = await Promise.all([
      server.overview(readFileSync(SCRIPT, "utf8")),
      healthOf(server.subject),
    ]);
    const overall = {
      stack,
      url: server.subject.url,
      recorded: server.recorded,
      ...status,
      ...(health && { health }),
      ...parseRest(rest),
    };
    const faults = faultsOf(overall);
    if (json) console.log(JSON.stringify({ ok: faults.length === 0, faults, ...overall }, null, 2));
    else {
      console.log(columns(rowsOf(overall)));
      for (const fault of faults) console.log(`${styleText(["red", "bold"], "WRONG")}  ${fault}`);
    }
    if (faults.length > 0) process.exitCode = 1;
  });
