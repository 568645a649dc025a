import { rmSync } from "node:fs";
import type { BackupServer } from "../../backups/server";
import { download } from "../../backups/transfer";
import { UserError } from "../../lib/errors";
import { Interrupted } from "../../lib/interrupt";
import { whoami } from "../../release/who";
import type { Screen } from "../screen";
import type { Kept, Note } from "./note";
import type { Leaving, Source } from "./source";

/**
 * Makes what is on a server that is about to go safe: stops its application, makes a last backup, and has that where the server's
 * end doesn't reach it. Where any of this fails, the application is started again.
 *
 * @returns what to bring back; it is kept as a note
 * @throws UserError with the server's own reason
 */
export async function take(
  { server, address, listed }: Leaving,
  id: string,
  source: Source,
  kept: Kept,
  screen: Screen,
): Promise<Note> {
  const { say } = screen;
  const since = new Date();
  const who = await whoami();
  const last = source.last ? await lastOf(server, who, screen) : undefined;
  const files: string[] = [];
  const fetch = async (one: string) => {
    say(`fetching backup ${one} to this computer`);
    files.push(one);
    await download(server, one, kept.tar(one));
  };
  try {
    if (source.place === undefined) {
      // One that was named besides: what there is now shall not be lost by that.
      for (const one of new Set([last, source.id])) if (one !== undefined) await fetch(one);
    } else {
      if (last !== undefined) {
        say(`waiting until backup ${last} is at ${source.place}`);
        const shipped = await server.ship(who);
        if (shipped < last) throw new UserError(`backup ${last} didn't get to ${source.place}; ${shipped} did`);
      }
      if (source.id !== undefined && !listed?.away.some((one) => one.id === source.id)) await fetch(source.id);
    }
    const chosen = source.id ?? last;
    const note: Note = { server: id, address, since, ...(chosen !== undefined && { id: chosen }), files };
    kept.write(note);
    return note;
  } catch (error) {
    for (const one of files) rmSync(kept.tar(one), { force: true });
    throw last === undefined ? error : await back(server, who, error);
  }
}

/** Stops the application and makes a backup of what it leaves. */
async function lastOf(server: BackupServer, who: string, { say }: Screen): Promise<string> {
  say("stopping the application and making a last backup");
  return server.last(who).catch(async (error) => {
    // The server starts it again by itself where it fails, but not where somebody only stops waiting.
    if (error instanceof Interrupted) throw await back(server, who, error);
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `A last backup can't be made: ${error.message}\nNothing was deleted. To bring back the newest good one, and lose what came after it, say --without-last as well.`,
    );
  });
}

/** Starts the application again, and gives the error with what became of that. */
async function back(server: BackupServer, who: string, error: unknown): Promise<unknown> {
  const now = await server.undoLast(who).then(
    () => "the application is in service again",
    (failed: Error) => `the application couldn't be started again: ${failed.message}`,
  );
  const said = (message: string) => `${message}\nNothing was deleted, and ${now}.`;
  if (error instanceof Interrupted) return new Interrupted(said(error.message));
  return error instanceof UserError ? new UserError(said(error.message)) : error;
}
