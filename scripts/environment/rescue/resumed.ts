import { UserError } from "../../lib/errors";
import { ago } from "../../release/words";
import type { Existence } from "../existence";
import type { Kept, Note } from "./note";

/** Milliseconds after which nobody goes on by himself: the new server may have had a life of its own. */
const FRESH = 24 * 3600 * 1000;

/**
 * What an interrupted run has kept, once the server that it was for is gone; undefined where that is still there, or all of
 * it is in service again: then all begins anew.
 *
 * @param wish latest is what was kept then; anything else takes its place
 * @throws UserError where it is too old to be gone on with unasked
 */
export function resumed(kept: Kept, { server, id }: Existence, wish: string, now = Date.now()): Note | undefined {
  const note = kept.read();
  if (note === undefined || note.restored || (server === "there" && note.server === id)) return undefined;
  if (server === "there" && now - note.since.getTime() > FRESH)
    throw new UserError(
      `${kept.folder}: is what a recreate begun ${ago(note.since, now)} has kept, which never came to its end; the server that is there now is another one. Nothing was touched. Where that is over: rm -r ${kept.folder}`,
    );
  return wish === "latest" ? note : { ...note, id: wish };
}
