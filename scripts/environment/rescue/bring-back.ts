import { existsSync } from "node:fs";
import { chooseBackup } from "../../backups/choose";
import { type Backup, type Listed, parseBackups, parsePlan, partsOf, type Replaced } from "../../backups/records";
import { BackupServer } from "../../backups/server";
import { upload } from "../../backups/transfer";
import { UserError } from "../../lib/errors";
import type { Pulumi } from "../../lib/pulumi";
import { serverOf } from "../../release/server";
import { whoami } from "../../release/who";
import { ago } from "../../release/words";
import type { Subject } from "../../verification/check";
import { offServer } from "../off-server";
import type { Screen } from "../screen";
import type { Kept, Note } from "./note";

/** What came back. */
export interface Returned {
  readonly backup: Backup;
  /** One thing each: as it was in the backup, and as it is now. */
  readonly compared: readonly Replaced[];
}

/**
 * Restores what a note says on a server that was made anew.
 *
 * @throws UserError with the server's own reason; the note and its files stay
 */
export async function bringBack(pulumi: Pulumi, note: Note, kept: Kept, { say }: Screen): Promise<Returned> {
  const server = new BackupServer(pulumi.stack, (await pulumi.outputs()).verification as Subject);
  for (const id of note.files) {
    if (!existsSync(kept.tar(id)))
      throw new UserError(`${kept.tar(id)}: should be the backup that is brought back, and isn't there any more.`);
    say(`sending backup ${id} to the new server`);
    await upload(server, kept.tar(id));
  }
  const id = wanted(await listed(server), note);
  // Whoever has to do this again brings back the same one, and none that the new server made of nothing.
  kept.write({ ...note, id });
  if (!(await listed(server)).backups.some((one) => one.id === id)) {
    say(`fetching backup ${id} from where it is kept`);
    await server.fetch(id);
  }
  const backup = (await listed(server)).backups.find((one) => one.id === id);
  if (backup === undefined) throw new UserError(`Backup ${id} was brought to the new server, and is gone again.`);
  say(`bringing back backup ${id}, made ${ago(backup.made)}`);
  const parts = partsOf(backup);
  await server.restore(id, parts, await whoami(), say);
  // It was made behind its page of maintenance.
  await (await serverOf(pulumi)).ask("maintenance", "off", await whoami());
  kept.write({ ...note, id, restored: true });
  await backUp(pulumi, server, say);
  return { backup, compared: parsePlan(await server.plan(id, parts)) };
}

/** Has the newest backup off the server be one with data: the new server has sent one that it made of nothing. */
async function backUp(pulumi: Pulumi, server: BackupServer, say: Screen["say"]): Promise<void> {
  const place = await offServer(pulumi);
  if (place === undefined) return;
  const who = await whoami();
  say(`sending a backup of it to ${place}`);
  try {
    await server.now(who);
    await server.ship(who);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The data is back all the same; the verification says what isn't as it should be.
    say(`no backup of it is at ${place} yet: ${error.message}`);
  }
}

/** The backup that a note means. The new server sends its own to `backups.to` as well, which have nothing in them. */
export function wanted({ backups, away, ...place }: Listed, { id = "latest", files }: Note): string {
  const brought = {
    ...place,
    backups: backups.filter((one) => files.includes(one.id)),
    away: away.filter(({ here }) => !here),
  };
  return chooseBackup(brought, id).id;
}

const listed = async (server: BackupServer) => parseBackups(await server.list());
