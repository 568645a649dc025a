import { UserError } from "../lib/errors";
import { type Backup, PARTS, type Part, partsOf } from "./records";

/**
 * The backup that somebody names: `latest`, an id or enough of its beginning (20261122 is a day, of which the last one counts).
 *
 * @param backups the newest first
 * @throws UserError naming those that there are
 */
export function chooseBackup(backups: readonly Backup[], from: string): Backup {
  const [newest] = backups;
  if (newest === undefined) throw new UserError("There is no backup on the server. Nothing was touched.");
  if (from === "latest") return newest;
  const wanted = from.replaceAll(/[:-]/g, "").replace(/[T ]/, "");
  const found = backups.find(({ id }) => /^\d{4,14}$/.test(wanted) && id.replace("-", "").startsWith(wanted));
  if (found !== undefined) return found;
  throw new UserError(
    `--from: should be latest, a backup's id or its date, got ${from}. Nothing was touched. There are:\n${backups.map(({ id }) => `  ${id}`).join("\n")}`,
  );
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
