import { key } from "../key";
import { kinds } from "../kinds";

/** What is backed up, when, how much of it stays, and where else it goes. */
export const BACKUPS_KEYS = {
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
  "backups.to": key({
    kind: kinds.backupTarget,
    optional: true,
    example: "storage-box",
    description:
      "Where each backup goes besides, encrypted by restic: storage-box (a Hetzner Storage Box of the stack's own), s3:https://<host>/<bucket>[/<folder>], or a folder on the server such as a mounted volume's",
  }),
  "backups.password": key({
    kind: kinds.password,
    secret: true,
    optional: true,
    example: "openssl rand -hex 24",
    description: "Password of the restic repository at backups.to; without it nothing there can be read",
  }),
  "backups.s3.accessKeyId": key({
    kind: kinds.pattern(/^[!-~]{1,128}$/, "an access key"),
    secret: true,
    optional: true,
    example: "cat access-key-id",
    description: "Access key of the S3 bucket at backups.to",
  }),
  "backups.s3.secretAccessKey": key({
    kind: kinds.pattern(/^[!-~]{1,256}$/, "a secret key"),
    secret: true,
    optional: true,
    example: "cat secret-access-key",
    description: "Secret key of the S3 bucket at backups.to",
  }),
  "backups.appendOnly": key({
    kind: kinds.flag,
    optional: true,
    example: "true",
    description:
      "Whether the server only adds to backups.to and never deletes there; without it, for storage-box, whose own side then refuses that",
  }),
  "backups.bandwidth": key({
    kind: kinds.integer(0, 10_000_000),
    default: "0",
    example: "10000",
    description: "KiB a second that go to backups.to at most; 0 is no limit",
  }),
  "backups.check": key({
    kind: kinds.calendar,
    default: "weekly",
    example: "Sun 04:30",
    description: "When the repository at backups.to is checked: a systemd calendar expression, in UTC",
  }),
  "backups.checkData": key({
    kind: kinds.integer(1, 100),
    default: "5",
    example: "20",
    description: "Percent of the repository's data that each check reads",
  }),
  "storageBox.type": key({
    kind: kinds.pattern(/^bx\d{2}$/, "a type of Storage Box such as bx11"),
    default: "bx11",
    example: "bx11",
    description: "Type of the Storage Box; bx11 is 1 TB",
  }),
  "storageBox.location": key({
    kind: kinds.choice("fsn1", "hel1"),
    default: "fsn1",
    example: "hel1",
    description: "Location of the Storage Box; best another one than the server's",
  }),
  "storageBox.hostKey": key({
    kind: kinds.publicKey,
    default: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC/PLKIL9nk6K/pxQgoiFC41wTNvoIncOxs",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC/PLKIL9nk6K/pxQgoiFC41wTNvoIncOxs",
    description: "Host key that Hetzner's Storage Boxes show on port 23",
  }),
} as const;
