import { chooseBackup } from "../../backups/choose";
import { type Listed, parseBackups } from "../../backups/records";
import { BackupServer } from "../../backups/server";
import { UserError } from "../../lib/errors";
import { typed } from "../../lib/places";
import type { Pulumi } from "../../lib/pulumi";
import { NotAsked } from "../../release/server";
import { ago } from "../../release/words";
import type { Subject } from "../../verification/check";
import type { Existence } from "../existence";
import { offServer } from "../off-server";
import type { Screen } from "../screen";
import { lookAtBox } from "./box";

/** A server that is to go, as far as it can be asked. */
export interface Leaving {
  readonly server: BackupServer;
  /** The address that it has, or had. */
  readonly address: string;
  /** What it says of its backups; absent where it doesn't answer. */
  readonly listed?: Listed;
  /** Why ssh doesn't reach it. */
  readonly silent?: string;
  /** Where it serves all the same. */
  readonly serves?: string;
  /** Why it doesn't say what it has, though ssh reaches it. */
  readonly refuses?: string;
}

/** The server that a stack's state knows; undefined where it knows none. Tries for some ten seconds to reach it. */
export async function leaving(pulumi: Pulumi, { server: is, id, name }: Existence): Promise<Leaving | undefined> {
  const { verification } = await pulumi.outputs();
  if (is === "absent" || verification === undefined) return undefined;
  const { host: address, url } = verification as Subject;
  const server = new BackupServer(pulumi.stack, verification as Subject);
  if (is === "gone") return { server, address, silent: `the server ${name} (${id}) no longer exists at Hetzner` };
  try {
    return { server, address, listed: parseBackups(await server.list()) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!(error instanceof NotAsked)) return { server, address, refuses: error.message };
    return { server, address, silent: error.message, ...((await answers(url)) && { serves: url }) };
  }
}

/** Whether anything at all is answered there: ssh may be shut for this computer alone. */
const answers = (url: string): Promise<boolean> =>
  fetch(url, { redirect: "manual", signal: AbortSignal.timeout(10_000) }).then(
    () => true,
    // A certificate that isn't trusted here has been shown by somebody.
    (error) => /CERT|SELF_SIGNED|ALTNAME/.test(String(error.cause?.code)),
  );

/** Where what is brought back comes from. */
export interface Source {
  /** `backups.to`, where that is off the server. */
  readonly place: string | undefined;
  /** The backup that is brought back, where it is there by now: otherwise the one that is made before the server goes. */
  readonly id?: string;
  /** Whether the server answers: then it is asked for the backup. */
  readonly answers: boolean;
  /** Whether its application is stopped, and one more is made, before it goes. */
  readonly last: boolean;
}

/**
 * Decides, before anything is deleted, what will be brought back.
 *
 * @param wish latest, an id or a date
 * @param withoutLast what was done since the newest backup may be lost: no last one is made, and a server that is there goes unheard
 * @throws UserError where there is nothing to be brought back
 */
export async function sourceOf(
  pulumi: Pulumi,
  is: Existence,
  left: Leaving | undefined,
  wish: string,
  withoutLast: boolean,
  { say }: Screen,
): Promise<Source> {
  const place = await offServer(pulumi);
  const { stack } = pulumi;
  if (left?.listed !== undefined) {
    if (wish === "latest" && !withoutLast) return { place, answers: true, last: true };
    const { id, made } = chooseBackup(left.listed, wish);
    if (withoutLast) say(`no last backup is made: what was done since ${id}, ${ago(made)}, is lost`);
    return { place, answers: true, last: !withoutLast, id };
  }
  if (left?.refuses !== undefined) throw new UserError(`${left.refuses}\nNothing was touched.`);
  if (left?.serves !== undefined)
    throw new UserError(
      `The server serves at ${left.serves}; only ssh doesn't reach it from here (${left.silent}). Nothing was touched. Let this computer in: ${typed("allow-me", "--stack", stack)}. Where it is to go all the same, switch it off first.`,
    );
  if (place === undefined)
    throw new UserError(
      `There is nothing to restore from: ${left?.silent ?? `stack ${stack} has no server`}, and its backups went nowhere else (backups.to isn't set to a place off the server). Nothing was touched. A new server without data: ${typed("recreate", "--stack", stack)}`,
    );
  if (is.server === "there" && !withoutLast)
    throw new UserError(
      `The server ${is.name} (${is.id}) is there, and doesn't answer: ${left?.silent ?? "the state doesn't say how to reach it"}. Nothing was touched. What it did since its newest backup is on its disk alone: see in Hetzner's console whether it can be started. Where that is to be lost: ${typed("recreate", "--stack", stack, "--restore", wish, "--without-last")}`,
    );
  say(`${left?.silent ?? `stack ${stack} has no server`}: what was done there since its newest backup is lost`);
  if (place === "storage-box") {
    const seen = await lookAtBox(pulumi);
    if (seen === 0)
      throw new UserError("There is nothing to restore from: the Storage Box has no backups. Nothing was touched.");
    // A server that is still there may have the only data that there is.
    if (typeof seen === "string" && is.server === "there")
      throw new UserError(`Whether the Storage Box has backups can't be seen: ${seen}. Nothing was touched.`);
    say(
      typeof seen === "string"
        ? `the Storage Box can't be looked at from here: ${seen}`
        : `the Storage Box has ${seen} backups; how old the newest is shows when it is brought back`,
    );
  }
  return { place, answers: false, last: false, ...(wish === "latest" ? {} : { id: wish }) };
}
