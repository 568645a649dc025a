import type { Settings } from "../config/schema";
import { type Bundle, type BundleFile, bundle, hostFiles } from "./bundle";
import { assertAppName, assertFolder } from "./names";
import { databaseOf } from "./postgres";

/** Backups on the server itself, each restored on trial before it counts. */
export interface BackupsSettings {
  /** A systemd calendar expression, in the server's time zone (UTC), such as `hourly` or `*-*-* 03:15:00`. */
  readonly schedule: string;
  /** How many stay, the newest ones; at least 1. */
  readonly keep: number;
  /** Of how many days the last one stays beyond those. */
  readonly keepDaily: number;
  /** Name of the application. */
  readonly name: string;
  /** Whether it has a database of PostgreSQL on the server. */
  readonly postgres: boolean;
  /** Its folders that outlive a release. */
  readonly folders: readonly string[];
  /** Where each of them goes besides; without it, nowhere. */
  readonly away?: AwaySettings;
}

/** A repository of restic off the server. Its secrets travel as files of their own. */
export interface AwaySettings {
  readonly target: Target;
  /** Tells its backups from those of other servers in the same repository; stays the same when the server is made anew. */
  readonly from: string;
  readonly password: string;
  /** Whether the server deletes nothing there. */
  readonly appendOnly: boolean;
  /** KiB a second that are sent at most; 0 is no limit. */
  readonly bandwidth: number;
  /** When it is checked: a systemd calendar expression. */
  readonly check: string;
  /** Percent of its data that each check reads. */
  readonly checkData: number;
}

export interface BoxTarget {
  readonly kind: "box";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The server's own, in OpenSSH's format. */
  readonly privateKey: string;
  /** As in known_hosts, without a host. */
  readonly hostKey: string;
  /** Of the repository, on the Box. */
  readonly folder: string;
}

type Target =
  | BoxTarget
  /** `s3:https://<host>/<bucket>[/<folder>]` */
  | { kind: "s3"; address: string; accessKeyId: string; secretAccessKey: string }
  /** A folder on the server, such as a mounted volume's. */
  | { kind: "folder"; path: string };

/** Whether the server only adds to `backups.to`: what is said, and for a Storage Box, whose own side enforces it, without a word. */
export function isAppendOnly(settings: Pick<Settings, "backups.to" | "backups.appendOnly">): boolean {
  return settings["backups.appendOnly"] ?? settings["backups.to"] === "storage-box";
}

/**
 * A timer that makes `/var/backups/queuehost/YYYYMMDD-HHMMSS/` of Redis, PostgreSQL, folders and `.env` at one moment, what brings
 * one back, what ships them, and the first one at once.
 */
export function backupsBundle({ schedule, keep, keepDaily, name, postgres, folders, away }: BackupsSettings): Bundle {
  assertAppName(name);
  const values = {
    schedule,
    name,
    keep: String(keep),
    keepDaily: String(keepDaily),
    database: postgres ? databaseOf(name) : "",
    folders: folders.map((folder) => assertFolder("app.folders", folder)).join(" "),
    ...awayValues(away),
  };
  return bundle("backups", [...hostFiles("backups", values), ...credentials(away)]);
}

function awayValues(away: AwaySettings | undefined) {
  const target = away?.target;
  const box = target?.kind === "box" ? target : undefined;
  const path = target?.kind === "folder" ? target.path : undefined;
  return {
    to: target === undefined ? "" : addressOf(target),
    from: away?.from ?? "",
    place: target === undefined ? "" : placeOf(target),
    appendOnly: away?.appendOnly ? "yes" : "",
    bandwidth: String(away?.bandwidth ?? 0),
    check: away?.check ?? "weekly",
    checkData: String(away?.checkData ?? 5),
    boxFolder: box?.folder ?? "",
    boxHost: box?.host ?? "",
    boxPort: String(box?.port ?? ""),
    boxUser: box?.user ?? "",
    // It may be that it isn't mounted: then the script says so.
    writable: path === undefined ? "" : ` -${path}`,
    network:
      path === undefined
        ? "RestrictAddressFamilies=AF_INET AF_INET6"
        : "IPAddressDeny=any\nPrivateNetwork=true\nRestrictAddressFamilies=AF_UNIX",
  };
}

function addressOf(target: Target): string {
  if (target.kind === "box") return "storage-box";
  return target.kind === "s3" ? target.address : target.path;
}

/** As people call it. */
function placeOf(target: Target): string {
  return target.kind === "box" ? `Storage Box ${target.user}@${target.host}` : addressOf(target);
}

/** What of it is secret, each in a file of its own. */
function credentials(away: AwaySettings | undefined): BundleFile[] {
  if (away === undefined) return [];
  const { target, password } = away;
  const files: Record<string, string> = { password: `${password}\n` };
  if (target.kind === "box") {
    files.key = target.privateKey;
    files.known_hosts = `box ${target.hostKey.trim()}\n`;
  }
  if (target.kind === "s3") files.s3 = `${target.accessKeyId}\n${target.secretAccessKey}\n`;
  return Object.entries(files).map(([name, content]) => ({ path: `away/${name}`, content, mode: 0o600 }));
}
