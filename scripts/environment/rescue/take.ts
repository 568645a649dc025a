import { download } from "../../backups/transfer";
import { UserError } from "../../lib/errors";
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
  { say }: Screen,
): Promise<Note> {
  const since = new Date();
  const who = await whoami();
  say("stopping the application and making a last backup");
  const last = await server.last(who);
  try {
    const files: string[] = [];
    if (source.place === undefined) {
      // One that was named besides: what there is now shall not be lost by that.
      for (const one of new Set([last, source.id ?? last])) {
        say(`fetching backup ${one} to this computer`);
        await download(server, one, kept.tar(one));
        files.push(one);
      }
    } else {
      say(`waiting until backup ${last} is at ${source.place}`);
      await server.ship(who);
      if (source.id !== undefined && !listed?.away.some((one) => one.id === source.id)) {
        await download(server, source.id, kept.tar(source.id));
        files.push(source.id);
      }
    }
    const note: Note = { server: id, address, since, id: source.id ?? last, files };
    kept.write(note);
    return note;
  } catch (error) {
    kept.remove();
    const now = await server.undoLast(who).then(
      () => "the application is in service again",
      (failed: Error) => `the application couldn't be started again: ${failed.message}`,
    );
    throw error instanceof UserError ? new UserError(`${error.message}\nNothing was deleted, and ${now}.`) : error;
  }
}
