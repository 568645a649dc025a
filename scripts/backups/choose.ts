import { UserError } from "../lib/errors";
import { type Backup, type Listed, PARTS, type Part, partsOf } from "./records";

/** A backup by its name: what is in it is known where it is on the server. */
export interface Chosen {
  readonly id: string;
  readonly made: Date;
  /** Undefined where it is off the server alone: `BackupServer.fetch` brings it. */
  readonly backup?: Backup;
}

/**
 * The backup that somebody names: `latest`, an id or enough of its beginning (20261122 is a day, of which the last one counts). On the
 * server or off it, wherever it is.
 *
 * @throws UserError naming those that there are
 */
export function chooseBackup(listed: Listed, from: string): Chosen {
  const { place, unreachable } = listed;
  const all = chosenFrom(listed);
  const elsewhere = place === undefined ? "" : ` or at ${place}${unreachable === undefined ? "" : ` (${unreachable})`}`;
  const [newest] = all;
  if (newest === undefined) throw new UserError(`There is no backup on the server${elsewhere}. Nothing was touched.`);
  if (from === "latest") return newest;
  const wanted = from.replaceAll(/[:-]/g, "").replace(/[T ]/, "");
  const found = all.find(({ id }) => /^\d{4,14}$/.test(wanted) && id.replace("-", "").startsWith(wanted));
  if (found !== undefined) return found;
  const asked = unreachable === undefined ? "" : ` ${place} can't be asked: ${unreachable}.`;
  throw new UserError(
    `--from: should be latest, a backup's id or its date, got ${from}. Nothing was touched.${asked} There are:\n${all.map(({ id }) => `  ${id}`).join("\n")}`,
  );
}

/** All of them once, the newest first. */
function chosenFrom({ backups, away }: Listed): Chosen[] {
  const there = new Map<string, Chosen>(away.map(({ id, made }) => [id, { id, made }]));
  for (const backup of backups) there.set(backup.id, { id: backup.id, made: backup.made, backup });
  return [...there.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** What of it is restored: all, or what somebody names. Throws UserError for what isn't in it. */
export function chooseParts(backup: Backup, what: string | undefined): Part[] {
  const there = partsOf(backup);
  if (what === undefined) return there;
  const wanted = what.split(",").map((word) => word.trim());
  const odd = wanted.find((word) => !there.some((part) => part === word));
  if (odd !== undefined)
    throw new UserError(
      PARTS.some((part) => part === odd)
        ? `--what: backup ${backup.id} has no ${odd}; it has ${there.join(", ")}. Nothing was touched.`
        : `--what: should be some of ${PARTS.join(", ")}, got ${odd}. Nothing was touched.`,
    );
  return there.filter((part) => wanted.includes(part));
}
