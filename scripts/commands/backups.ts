import { Command } from "commander";
import { prune } from "../backups/prune";
import { type Away, type Backup, type Listed, parseBackups, partsOf } from "../backups/records";
import { type BackupServer, backupsOf } from "../backups/server";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import { whoami } from "../release/who";
import { ago, bytes } from "../release/words";

interface Options {
  readonly stack: string;
  readonly json?: true;
}

const FOLDER = "/var/backups/queuehost";

const now = new Command("now")
  .description("make one now, which counts once it was restored on trial, and send it to backups.to")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, json }: Options) => {
    const server = await backupsOf(stack);
    const began = Date.now();
    const who = await whoami();
    const id = await server.now(who);
    const { backups, place } = parseBackups(await server.list());
    const backup = backups.find((one) => one.id === id);
    const made = (Date.now() - began) / 1000;
    if (!json)
      console.log(
        `Backup ${id} is good: it was restored on trial (${made.toFixed(1)} s, writes paused for ${backup?.pausedMs ?? 0} ms).`,
      );
    const fault = place === undefined ? undefined : await faultOfShipping(server, who);
    const seconds = (Date.now() - began) / 1000;
    const shipped = place === undefined ? undefined : { place, ok: fault === undefined, ...(fault && { fault }) };
    if (json) console.log(JSON.stringify({ stack, backup, seconds, shipped }, null, 2));
    else if (fault !== undefined) console.error(`It is on the server alone: ${fault}`);
    else if (place !== undefined) console.log(`It was shipped to ${place}, and read back (${seconds.toFixed(1)} s).`);
    if (fault !== undefined) process.exitCode = 1;
  });

/** Why the newest can't be shipped; undefined where it is. */
async function faultOfShipping(server: BackupServer, who: string): Promise<string | undefined> {
  try {
    await server.ship(who);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

const list = new Command("list")
  .description("what there is, how old, what is in it, and where")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print them as JSON")
  .action(async ({ stack, json }: Options) => {
    const listed = parseBackups(await (await backupsOf(stack)).list());
    if (json) console.log(JSON.stringify(asJson(stack, listed), null, 2));
    else console.log(asText(listed));
  });

/** `queuehost backups`: lists them, where nothing else is said. */
export const backups = new Command("backups")
  .description(
    "the backups of a stack, each restored on trial: list them (without a word more), make one now, or prune",
  )
  .addCommand(list, { isDefault: true })
  .addCommand(now)
  .addCommand(prune);

function asJson(stack: string, { backups, away, place, unreachable, freeBytes }: Listed) {
  return { stack, place: FOLDER, freeBytes, backups, ...(place && { away: { place, unreachable, backups: away } }) };
}

export function asText({ backups, away, place, unreachable, freeBytes }: Listed): string {
  const count = backups.length === 0 ? "None" : String(backups.length);
  const notes = [`${count} in ${FOLDER} on the server, each restored on trial; ${bytes(freeBytes)} free.`];
  if (unreachable !== undefined) notes.push(`${place} can't be asked: ${unreachable}`);
  else if (place !== undefined) notes.push(`${away.length} at ${place}.`);
  else if (backups.length === 0) return "There is no backup on the server.";
  const ids = new Set([...backups, ...away].map(({ id }) => id));
  const rows = [...ids]
    .sort()
    .reverse()
    .map((id) => {
      const here = backups.find((one) => one.id === id);
      const there = away.find((one) => one.id === id);
      return here === undefined ? rowOfAway(there) : [...rowOf(here), ...(place ? [placeOf(there, unreachable)] : [])];
    });
  return [...(rows.length > 0 ? [columns(rows), ""] : []), ...notes].join("\n");
}

const rowOf = (backup: Backup) => [
  backup.id,
  ago(backup.made),
  bytes(backup.bytes),
  partsOf(backup).join(", ") + (backup.envKeys > 0 ? ", .env" : ""),
  `${jobsOf(backup)} jobs`,
  backup.release === undefined ? "" : `release ${backup.release}`,
];

const rowOfAway = (there: Away | undefined) =>
  there === undefined ? [] : [there.id, ago(there.made), bytes(there.bytes), "", "", "", "off the server"];

function placeOf(there: Away | undefined, unreachable: string | undefined): string {
  if (there !== undefined) return "both";
  return unreachable === undefined ? "server" : "server, else unknown";
}

function jobsOf({ redis }: Backup): number {
  return redis.queues.flatMap(({ jobs }) => Object.values(jobs)).reduce((sum, count) => sum + count, 0);
}
