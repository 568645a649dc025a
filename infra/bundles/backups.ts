import { type Bundle, bundle, hostFiles } from "./bundle";
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
}

/**
 * A timer that makes `/var/backups/queuehost/YYYYMMDD-HHMMSS/` of Redis, PostgreSQL, folders and `.env` at one moment, what brings
 * one back, and the first one at once.
 */
export function backupsBundle({ schedule, keep, keepDaily, name, postgres, folders }: BackupsSettings): Bundle {
  assertAppName(name);
  const values = {
    schedule,
    name,
    keep: String(keep),
    keepDaily: String(keepDaily),
    database: postgres ? databaseOf(name) : "",
    folders: folders.map((folder) => assertFolder("app.folders", folder)).join(" "),
  };
  return bundle("backups", hostFiles("backups", values));
}
