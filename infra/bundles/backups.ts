import { type Bundle, bundle, hostFiles } from "./bundle";

/** Backups of the queue's Redis on the server itself, each loaded and counted before it counts. */
export interface BackupsSettings {
  /** A systemd calendar expression, in the server's time zone (UTC), such as `hourly` or `*-*-* 03:15:00`. */
  readonly schedule: string;
  /** How many stay, the newest ones; at least 1. */
  readonly keep: number;
}

/** A timer that makes `/var/backups/queuehost/redis-YYYYMMDD-HHMMSS.rdb`, and the first such copy at once. */
export function backupsBundle({ schedule, keep }: BackupsSettings): Bundle {
  return bundle("backups", hostFiles("backups", { schedule, keep: String(keep) }));
}
