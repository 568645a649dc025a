import { Command } from "commander";
import { chooseBackup, chooseParts } from "../backups/choose";
import { type Backup, parseBackups, parsePlan, type Replaced } from "../backups/records";
import { type BackupServer, backupsOf } from "../backups/server";
import { assertAnswerable } from "../environment/bring-up";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import { askFirst } from "../release/ask-first";
import { whoami } from "../release/who";
import { ago } from "../release/words";

interface Options {
  readonly stack: string;
  readonly from: string;
  readonly what?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** `queuehost restore`: a backup in the place of what is there, which is in service again should anything fail. */
export const restore = new Command("restore")
  .description("put a backup in the place of what a stack has now: shows what it replaces, asks, backs that up first")
  .requiredOption("--stack <name>", "the stack")
  .option("--from <backup>", "latest, or what `backups` lists, or a date (20261122) for its last one", "latest")
  .option("--what <parts>", "some of redis, postgres, files, separated by commas (default: all that is in it)")
  .option("--dry-run", "say what it would replace, and touch nothing")
  .option("--undo", "finish a restore that was killed, by putting the old data back; restores nothing")
  .option("--yes", "ask nothing, for scripts")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, from, what, dryRun, undo, yes = dryRun, json }: Options) => {
    assertAnswerable(yes ?? false);
    const say = json ? console.error : console.log;
    const server = await backupsOf(stack);
    if (undo) {
      await server.undo(await whoami(), say);
      if (json) console.log(JSON.stringify({ stack, undone: true }, null, 2));
      return;
    }
    const backup = await here(server, from, say);
    const parts = chooseParts(backup, what);
    const replaced = parsePlan(await server.plan(backup.id, parts));
    say(inWords(backup, parts, replaced));
    if (dryRun) say("\nNothing was touched.");
    else {
      await askFirst(
        `Put backup ${backup.id} of ${ago(backup.made)} in the place of that? The application stops meanwhile.`,
        yes ?? false,
      );
      await server.restore(backup.id, parts, await whoami(), say);
    }
    if (json)
      console.log(JSON.stringify({ stack, backup: backup.id, parts, replaced, restored: dryRun !== true }, null, 2));
  });

/** The backup that is meant, on the server: what it holds is only known there. */
async function here(server: BackupServer, from: string, say: (line: string) => void): Promise<Backup> {
  const listed = parseBackups(await server.list());
  const { id, made, backup } = chooseBackup(listed, from);
  if (backup !== undefined) return backup;
  say(`Backup ${id} (${ago(made)}) is off the server alone; bringing it from ${listed.place} ...`);
  await server.fetch(id);
  const fetched = parseBackups(await server.list()).backups.find((one) => one.id === id);
  if (fetched === undefined) throw new UserError(`Backup ${id} was brought to the server, and is gone again.`);
  return fetched;
}

export function inWords(backup: Backup, parts: readonly string[], replaced: readonly Replaced[]): string {
  const rows = replaced.map(({ what, now = "isn't there", backup = "isn't there" }) => [what, now, backup]);
  const head = `Backup ${backup.id} (${ago(backup.made)}): ${parts.join(", ")}`;
  if (rows.length === 0) return `${head}\n\nNeither it nor the server holds any job, table or file of these.`;
  return `${head}\n\n${columns([["", "now", "in the backup"], ...rows])}`;
}
