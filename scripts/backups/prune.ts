import { Command } from "commander";
import { assertAnswerable } from "../environment/bring-up";
import { UserError } from "../lib/errors";
import { askFirst } from "../release/ask-first";
import { whoami } from "../release/who";
import { confineAgain, whileItMayDelete } from "./box";
import { parseBackups, parseGone } from "./records";
import { type BackupServer, backupsOf } from "./server";

interface Options {
  readonly stack: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** `queuehost backups prune`: what the server itself may not delete. */
export const prune = new Command("prune")
  .description("delete at backups.to what has had its time (backups.keep, backups.keepDaily), where the server may not")
  .requiredOption("--stack <name>", "the stack")
  .option("--dry-run", "say what would be deleted, and delete nothing")
  .option("--yes", "ask nothing, for scripts")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, dryRun, yes = dryRun, json }: Options) => {
    assertAnswerable(yes ?? false);
    const say = json ? console.error : console.log;
    const server = await backupsOf(stack);
    const who = await whoami();
    if (server.subject.box !== undefined) await confineAgain(server.subject.box);
    const { away, place, unreachable } = parseBackups(await server.list());
    if (place === undefined) throw new UserError("backups.to is not set: there are no backups off the server.");
    if (unreachable !== undefined) throw new UserError(`Nothing was deleted: ${unreachable}`);
    const old = parseGone(await server.prune("dry", who));
    say(`${place} has ${away.length} backups; ${old.length} have had their time${old.length > 0 ? ":" : "."}`);
    for (const id of old) say(`  ${id}`);
    if (!dryRun && old.length > 0) {
      await askFirst(`Delete them for good?`, yes ?? false);
      await pruneNow(server, place, who);
      say("They are deleted, and the room that they took is free.");
    }
    if (json) console.log(JSON.stringify({ stack, place, old, deleted: !dryRun && old.length > 0 }, null, 2));
  });

const S3 =
  "Keys that may delete in that bucket are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they go to the server for the time of the command, so let them be short-lived.";

async function pruneNow(server: BackupServer, place: string, who: string): Promise<void> {
  const { box } = server.subject;
  if (box !== undefined) await whileItMayDelete(box, () => server.prune("now", who));
  else if (!place.startsWith("s3:")) await server.prune("now", who);
  else
    await server.prune("now", who, keysOf(process.env)).catch((error) => {
      throw error instanceof UserError ? new UserError(`${error.message}\n${S3}`) : error;
    });
}

/** Keys of S3 that may do more than the server's, as the server keeps its own; none where they aren't set. */
export function keysOf({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }: NodeJS.ProcessEnv): string {
  if (id === undefined && secret === undefined) return "";
  if (!id || !secret || /\s/.test(id + secret))
    throw new UserError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: both should be set, each one word.");
  return `${id}\n${secret}\n`;
}
