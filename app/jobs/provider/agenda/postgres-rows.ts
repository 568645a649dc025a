import type { Data, Entry, Patch, Status } from "./shelf";

/** As Agenda's PostgreSQL backend has them. */
export interface Row {
  name: string;
  priority: number;
  next_run_at: Date | null;
  locked_at: Date | null;
  last_run_at: Date | null;
  last_finished_at: Date | null;
  failed_at: Date | null;
  fail_count: number | null;
  fail_reason: string | null;
  progress: number | null;
  repeat_interval: string | null;
  repeat_timezone: string | null;
  data: Data;
  was_locked?: boolean;
}

export const COLUMNS: Readonly<Record<keyof Patch, string>> = {
  priority: "priority",
  nextRunAt: "next_run_at",
  lockedAt: "locked_at",
  lastRunAt: "last_run_at",
  lastFinishedAt: "last_finished_at",
  failedAt: "failed_at",
  failCount: "fail_count",
  failReason: "fail_reason",
  progress: "progress",
  repeatInterval: "repeat_interval",
  repeatTimezone: "repeat_timezone",
  data: "data",
};

/** A job's place among those of its priority. */
export const ORDER = "((data->>'order')::bigint)";
/** Which jobs have a status, and which of them comes first in a list; $2 is now. */
export const PAGES: Readonly<Record<Status, readonly [where: string, order: string]>> = {
  active: ["locked_at is not null", "last_run_at desc"],
  waiting: ["locked_at is null and next_run_at <= $2", `priority, ${ORDER} desc`],
  scheduled: ["locked_at is null and next_run_at > $2", `next_run_at desc, ${ORDER} desc`],
  completed: ["locked_at is null and next_run_at is null and failed_at is null", "last_finished_at desc"],
  failed: ["locked_at is null and next_run_at is null and failed_at is not null", "last_finished_at desc"],
};
/** On which a job is changed; $2 is its holder. */
export const CONDITIONS = {
  held: "locked_at is not null and last_modified_by = $2",
  pending: "locked_at is null and next_run_at is not null and $2::text is null",
  failed: "locked_at is null and next_run_at is null and failed_at is not null and $2::text is null",
} as const;

export function toColumn(key: keyof Patch, value: unknown): unknown {
  if (key === "data") return JSON.stringify(value);
  return typeof value === "number" && COLUMNS[key].endsWith("_at") ? new Date(value) : value;
}

export function toEntry(row: Row): Entry {
  return {
    name: row.name,
    priority: row.priority,
    nextRunAt: row.next_run_at?.getTime() ?? null,
    lockedAt: row.locked_at?.getTime() ?? null,
    lastRunAt: row.last_run_at?.getTime() ?? null,
    lastFinishedAt: row.last_finished_at?.getTime() ?? null,
    failedAt: row.failed_at?.getTime() ?? null,
    failCount: row.fail_count ?? 0,
    failReason: row.fail_reason,
    progress: row.progress ?? 0,
    repeatInterval: row.repeat_interval,
    repeatTimezone: row.repeat_timezone,
    data: row.data,
  };
}
