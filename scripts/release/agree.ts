import { ensureEngine } from "../engine";
import { heal } from "../healing";
import { nameIn, stateOf } from "../healing/state";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { engineUp, goingOn } from "./engine-up";
import { heldRelease, hold } from "./held";
import type { Kept, Refused, Status } from "./records";
import { findServer, NotAsked, type ReleaseServer } from "./server";
import { ago, lockWords } from "./words";

/** A stack's server and what it says. */
export interface Seen {
  readonly server: ReleaseServer;
  readonly status: Status;
  readonly releases: readonly Kept[];
}

/** How Pulumi's state and the server say different things. */
export interface Disagreement {
  /** The release that is in service. */
  readonly live: string;
  readonly recorded: string;
  /** Who took the recorded one back; absent where an interrupted change is what the state never heard of. */
  readonly takenBack?: Refused;
}

/**
 * Asks a stack's server what is in service, over one SSH connection.
 *
 * @param report is told why, where the server can't be asked
 * @returns undefined where there is no server, or one that can't be asked
 */
export async function look(pulumi: Pulumi, report: (line: string) => void): Promise<Seen | undefined> {
  const server = await findServer(pulumi);
  if (server === undefined) return undefined;
  try {
    return { server, ...(await server.overview()) };
  } catch (error) {
    if (!(error instanceof NotAsked)) throw error;
    // What brings a server up to date needn't be told that it isn't.
    if (!error.absent) report(error.message);
    return undefined;
  }
}

/** What the state and the server disagree about; undefined where they agree, or nothing is in service. */
export function disagreement(recorded: string, { release, refused }: Status): Disagreement | undefined {
  if (release === "" || recorded === "" || release === recorded) return undefined;
  const takenBack = refused.find(({ id }) => id === recorded);
  return { live: release, recorded, ...(takenBack && { takenBack }) };
}

/** Says what happened since the last `up`. */
export function disagreementWords({ live, recorded, takenBack }: Disagreement): string {
  if (takenBack === undefined)
    return `The server runs release ${live}, and Pulumi's state says ${recorded}: a change was cut off before it was recorded.`;
  const { who, since, why } = takenBack;
  return `Release ${recorded} was taken back by ${who} ${ago(since)}${why === "" ? "" : `: ${why}`}. Release ${live} is in service.`;
}

/** @throws UserError where somebody has locked the application; a change that is under way is waited for on the server */
export function assertUnlocked(stack: string, { lock }: Status): void {
  if (lock === undefined || lock.pid !== undefined) return;
  throw new UserError(
    `The application of stack ${stack} is ${lockWords(lock)}. Nothing was changed. Ask ${lock.who}, or lift it: ${typed("unlock", "--stack", stack)}`,
  );
}

/**
 * Makes the next `up` keep what is in service where the state says otherwise, rather than undo it silently.
 *
 * @returns what the engine has to be told besides
 */
export async function reconcile(pulumi: Pulumi, seen: Seen, report: (line: string) => void): Promise<string[]> {
  const differs = disagreement(seen.server.recorded, seen.status);
  if (differs === undefined) return [];
  report(disagreementWords(differs));
  if (differs.takenBack === undefined) return replacing(pulumi);
  if ((await heldRelease(pulumi)) !== differs.live) {
    await hold(pulumi, differs.live);
    report(
      `app.release = ${differs.live} stands in the stack's file now and keeps it in service, until ${typed("deploy", "--stack", pulumi.stack)}.`,
    );
  }
  return [];
}

/**
 * Has Pulumi's state say which release is in service.
 *
 * @param again the command that finishes that, where it doesn't get through
 * @throws UserError saying what agrees and how to finish
 * @throws Interrupted after Ctrl-C, once the engine has ended properly
 */
export async function record(pulumi: Pulumi, id: string, again: string, report: (line: string) => void): Promise<void> {
  await hold(pulumi, id);
  const finish = `Release ${id} is in service, and app.release in the stack's file holds it there. Pulumi's state doesn't say so yet; finish that: ${again}`;
  try {
    await ensureEngine();
    await heal(pulumi, report);
    // As a whole: what sent the release that is left goes, too, and others depend on that.
    await engineUp(pulumi, [], "recording it in Pulumi's state");
  } catch (error) {
    throw goingOn(error, finish);
  }
}

/** Has the engine bring the release to the server though its inputs are those that the state knows. */
export async function replacing(pulumi: Pulumi): Promise<string[]> {
  const { resources } = await stateOf(pulumi);
  const above = resources.find(({ type }) => type === "queuehost:release:Release")?.urn;
  const release = resources.find(
    ({ urn, parent }) => above !== undefined && parent === above && nameIn(urn) === nameIn(above),
  );
  return release === undefined ? [] : ["--replace", release.urn];
}
