import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../../scripts/lib/places";

const SERVER = join(PACKAGE, "host/backups/server");
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "queuehost-repository-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const bash = (script: string) =>
  execFileSync(
    "bash",
    ["-c", `set -eu; work=${work}; . ${SERVER}/keep.sh; . ${SERVER}/repository.sh; . ${SERVER}/ship.sh; ${script}`],
    {
      encoding: "utf8",
    },
  );

/** What people read of what restic said. */
function reason(said: string, { to = "storage-box", status = 1 } = {}): string {
  writeFileSync(join(work, "restic.log"), said);
  return bash(`to='${to}'; place='the place'; why_not ${status}`);
}

describe("why restic failed", () => {
  const S3 = "s3:https://s3.example.org/bucket";
  const retry = (why: string) => `Stat(<config/>) returned error, retrying after 1.2s: ${why}\n`;
  test.each([
    [
      "rclone: Host key verification failed.\n",
      {},
      "the host key of the place is not storageBox.hostKey: either it was changed, or that is another machine",
    ],
    [
      "rclone: ssh: Could not resolve hostname box.invalid: Name or service not known\n",
      {},
      "the place can not be found: its name is not known to DNS",
    ],
    ["rclone: u1@box: Permission denied (publickey).\n", {}, "the place refuses the server's key"],
    ["Fatal: remove failed: 403 Forbidden\n", {}, "the place lets this server add, and not delete"],
    [
      "rclone: ssh: connect to host box port 23: Connection refused\n",
      {},
      "the place does not answer: Connection refused",
    ],
    ["Fatal: write /mnt/x: no space left on device\n", { to: "/mnt/x" }, "the place is full"],
    // What a Box says of one file and of the next try, whose 403 isn't about deleting.
    [
      "rclone: ERROR : data/43: Post request put error: preallocate: file too big for remaining disk space\nrclone: ERROR : data/43: Post request: file already exists, refusing to overwrite in append-only mode\nSave(<data/43>) returned error, retrying after 2.3s: unexpected HTTP response (403): 403 Forbidden\n",
      {},
      "the place is full",
    ],
    [
      "rclone: ERROR : data/43: Post request put error: input/output error\nrclone: ERROR : data/43: Post request: file already exists, refusing to overwrite in append-only mode\nSave(<data/43>) returned error, retrying after 2.3s: unexpected HTTP response (403): 403 Forbidden\n",
      {},
      "the place did not take a file whole; the next run sends it anew: input/output error",
    ],
    [
      retry("The request signature we calculated does not match"),
      { to: S3 },
      "the place refuses backups.s3.accessKeyId and backups.s3.secretAccessKey",
    ],
    [retry("The specified bucket does not exist."), { to: S3 }, "the place: there is no such bucket; make it first"],
    [
      "Fatal: wrong password or no key found\n",
      { status: 12 },
      "backups.password: does not open the repository at the place; it was made with another one",
    ],
    ["", { status: 10 }, "there is no repository at the place any more; is it mounted?"],
    [
      "Fatal: unable to create lock in backend: repository is already locked exclusively by PID 17 on web by backup (UID 34, GID 34)\nlock was created at 2026-11-22 15:00:00 (3m0s ago)\n",
      { status: 11 },
      "the place is in use: locked exclusively by PID 17 on web, 3m0s ago; waited for 10m, and tried again with the next run",
    ],
    [
      `${retry("service unavailable")}Fatal: unable to open config file\nIs there a repository at the following location?\n`,
      { to: S3 },
      "the place: service unavailable",
    ],
    // As it says it where it was asked for JSON.
    [
      '{"message_type":"exit_error","code":11,"message":"unable to create lock in backend: repository is already locked exclusively by PID 17 on web by backup (UID 34, GID 34)\\nlock was created at 2026-11-22 15:00:00 (2.5s ago)\\nstorage ID 029d"}\n',
      { status: 11 },
      "the place is in use: locked exclusively by PID 17 on web, 2.5s ago; waited for 10m, and tried again with the next run",
    ],
    [
      '{"message_type":"exit_error","code":1,"message":"Fatal: unable to save snapshot: broken\\nmore"}\n',
      {},
      "the place: unable to save snapshot: broken",
    ],
    // A name of a pack is no code of an error.
    ["Fatal: Load(<data/5071c0403a>) failed\n", {}, "the place: Load(<data/5071c0403a>) failed"],
  ])("%j", (said, about, expected) => {
    expect(reason(said, about)).toBe(expected);
  });
});

test("what is deleted there is what is too many there, whatever is newer here", () => {
  writeFileSync(
    join(work, "there"),
    ["20261122-030000", "20261122-020000"].map((id) => `${id}\tabcd\t1\there\n`).join(""),
  );
  expect(bash("keep=1; keep_daily=0; surplus_there")).toBe("20261122-020000\n");
});
