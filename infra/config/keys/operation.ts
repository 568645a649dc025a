import { key } from "../key";
import { kinds } from "../kinds";

/** What goes on beside the application. */
export const OPERATION_KEYS = {
  "watch.seconds": key({
    kind: kinds.integer(0, 3600),
    default: "120",
    example: "300",
    description:
      "How long a new release is watched, and taken back by itself when it does worse than the one before; 0: not at all",
  }),
  "watch.failures": key({
    kind: kinds.integer(1, 100),
    default: "10",
    example: "5",
    description: "Percentage points by which the share of failed jobs may rise meanwhile",
  }),
  "watch.wait": key({
    kind: kinds.integer(2, 1000),
    default: "5",
    example: "10",
    description: "Factor by which the time that jobs wait may grow meanwhile",
  }),
  "backups.schedule": key({
    kind: kinds.calendar,
    default: "hourly",
    example: "*-*-* 03:15:00",
    description: "When Redis, PostgreSQL, folders and .env are backed up: a systemd calendar expression, in UTC",
  }),
  "backups.keep": key({
    kind: kinds.integer(1, 10_000),
    default: "24",
    example: "24",
    description: "The newest backups that are kept on the server",
  }),
  "backups.keepDaily": key({
    kind: kinds.integer(0, 3650),
    default: "30",
    example: "30",
    description: "Days of which one backup each, the last of the day, is kept beyond those",
  }),
} as const;
