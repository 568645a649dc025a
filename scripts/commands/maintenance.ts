import { Command, InvalidArgumentError } from "commander";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { plain, whoami } from "../release/who";

/** What visitors are told to wait before they come again, where nothing else is said. */
const RETRY_AFTER_SEC = 300;
/** A week: who closes for longer doesn't do maintenance. */
const LONGEST_SEC = 604_800;

const on = new Command("on")
  .description("answer every request with 503, a page and Retry-After; workers go on")
  .requiredOption("--stack <name>", "the stack")
  .option("--reason <text>", "what the page and the server's records say", "Maintenance")
  .option("--retry-after <seconds>", "when visitors may come again", seconds, RETRY_AFTER_SEC)
  .option("--json", "print the result as JSON")
  .action(async (options: { stack: string; reason: string; retryAfter: number; json?: true }) => {
    const { stack, reason, retryAfter, json } = options;
    const [server, who] = await Promise.all([serverOf(Pulumi.of(stack)), whoami()]);
    await server.ask("maintenance", "on", who, plain(reason), String(retryAfter));
    const { url } = server.subject;
    if (json)
      console.log(JSON.stringify({ stack, maintenance: true, reason: plain(reason), retryAfter, url }, null, 2));
    else
      console.log(
        `${url} answers 503 now, to come again in ${retryAfter} s. End it: ${typed("maintenance", "off", "--stack", stack)}`,
      );
  });

const off = new Command("off")
  .description("answer requests again")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const [server, who] = await Promise.all([serverOf(Pulumi.of(stack)), whoami()]);
    await server.ask("maintenance", "off", who);
    const { url } = server.subject;
    if (json) console.log(JSON.stringify({ stack, maintenance: false, url }, null, 2));
    else console.log(`${url} answers again.`);
  });

/** `queuehost maintenance`: closes the application to visitors, and opens it. */
export const maintenance = new Command("maintenance")
  .description("close the application to visitors with a page that says so, and open it again")
  .addCommand(on)
  .addCommand(off);

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > LONGEST_SEC)
    throw new InvalidArgumentError(`should be seconds from 1 to ${LONGEST_SEC}, got ${text}`);
  return value;
}
