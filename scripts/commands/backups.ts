import { Command } from "commander";
import { type Backup, parseBackups, partsOf } from "../backups/records";
import { BackupServer } from "../backups/server";
import { columns } from "../lib/columns";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { whoami } from "../release/who";
import { ago, bytes } from "../release/words";

interface Options {
  readonly stack: string;
  readonly json?: true;
}

const FOLDER = "/var/backups/queuehost";

const now = new Command("now")
  .description("make one now; it counts once it was restored on trial")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, json }: Options) => {
    const server = await backupsOf(stack);
    const began = Date.now();
    const id = await server.now(await whoami());
    const backup = parseBackups(await server.list()).backups.find((one) => one.id === id);
    const seconds = (Date.now() - began) / 1000;
    if (json) console.log(JSON.stringify({ stack, backup, seconds }, null, 2));
    else
      console.log(
        `Backup ${id} is good: it was restored on trial (${seconds.toFixed(1)} s, writes paused for ${backup?.pausedMs ?? 0} ms).`,
      );
  });

const list = new Command("list")
  .description("what there is, how old, what is in it")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print them as JSON")
  .action(async ({ stack, json }: Options) => {
    const { backups, freeBytes } = parseBackups(await (await backupsOf(stack)).list());
    if (json) console.log(JSON.stringify({ stack, place: FOLDER, freeBytes, backups }, null, 2));
    else console.log(asText(backups, freeBytes));
  });

/** `queuehost backups`: lists them, where nothing else is said. */
export const backups = new Command("backups")
  .description("the backups of a stack, each restored on trial: list them (without a word more), or make one now")
  .addCommand(list, { isDefault: true })
  .addCommand(now);

export async function backupsOf(stack: string): Promise<BackupServer> {
  return new BackupServer(stack, (await serverOf(Pulumi.of(stack))).subject);
}

export function asText(backups: readonly Backup[], freeBytes: number): string {
  if (backups.length === 0) return "There is no backup on the server.";
  const rows = backups.map((backup) => [
    backup.id,
    ago(backup.made),
    bytes(backup.bytes),
    partsOf(backup).join(", ") + (backup.envKeys > 0 ? ", .env" : ""),
    `${jobsOf(backup)} jobs`,
    backup.release === undefined ? "" : `release ${backup.release}`,
  ]);
  return `${columns(rows)}\n\n${backups.length} in ${FOLDER} on the server, each restored on trial; ${bytes(freeBytes)} free.`;
}

function jobsOf({ redis }: Backup): number {
  return redis.queues.flatMap(({ jobs }) => Object.values(jobs)).reduce((sum, count) => sum + count, 0);
}
