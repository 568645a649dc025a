import { describe, expect, test } from "vitest";
import { backupsBundle } from "../../../infra/bundles/backups";

const content = (path: string) =>
  backupsBundle({ schedule: "*-*-* 03:15:00", keep: 14 }).files.find((file) => file.path === path)?.content;

describe("the bundle of backups", () => {
  test("its files", () => {
    expect(
      backupsBundle({ schedule: "hourly", keep: 48 }).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`),
    ).toMatchInlineSnapshot(`
      [
        "755 apply.sh",
        "644 lib.sh",
        "644 queuehost-backup.service",
        "644 queuehost-backup.timer",
        "755 redis-backup.sh",
      ]
    `);
  });

  test("the timer as a whole", () => {
    expect(content("queuehost-backup.timer")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Backups of the queue's Redis

      [Timer]
      OnCalendar=*-*-* 03:15:00
      # A server that was off at that time makes up for it.
      Persistent=true
      RandomizedDelaySec=30
      AccuracySec=10

      [Install]
      WantedBy=timers.target
      "
    `);
  });

  test("the service as a whole", () => {
    expect(content("queuehost-backup.service")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Checked copy of the queue's dump.rdb
      Wants=redis-server@queue.service
      After=redis-server@queue.service
      # Tried by hand a few times in a row, it should still say why it fails.
      StartLimitIntervalSec=0

      [Service]
      Type=oneshot
      ExecStart=/bin/sh /usr/local/lib/queuehost/redis-backup /var/backups/queuehost 14
      SyslogIdentifier=queuehost-backup
      TimeoutStartSec=2h
      # The group reads Redis' snapshots and reaches its socket; it writes nothing of Redis.
      User=backup
      Group=backup
      SupplementaryGroups=redis
      # LoadCredential= comes to nothing, without a word, in containers with cgroup v1: this works everywhere. Gone with the run.
      RuntimeDirectory=queuehost-backup
      RuntimeDirectoryMode=0700
      ExecStartPre=+/usr/bin/install -m 400 -o backup -g backup /etc/queuehost/credentials/redis-backup /run/queuehost-backup/password
      ReadWritePaths=/var/backups/queuehost
      UMask=0077
      # Loading the copy needs memory for a moment: if there is none, this goes and Redis stays.
      OOMScoreAdjust=900
      Nice=10
      IOSchedulingClass=idle

      CapabilityBoundingSet=
      IPAddressDeny=any
      LockPersonality=true
      MemoryDenyWriteExecute=true
      NoNewPrivileges=true
      PrivateDevices=true
      PrivateNetwork=true
      PrivateTmp=true
      PrivateUsers=true
      ProcSubset=pid
      ProtectClock=true
      ProtectControlGroups=true
      ProtectHome=true
      ProtectHostname=true
      ProtectKernelLogs=true
      ProtectKernelModules=true
      ProtectKernelTunables=true
      ProtectProc=invisible
      ProtectSystem=strict
      RemoveIPC=true
      RestrictAddressFamilies=AF_UNIX
      RestrictNamespaces=true
      RestrictRealtime=true
      RestrictSUIDSGID=true
      SystemCallArchitectures=native
      SystemCallErrorNumber=EPERM
      SystemCallFilter=@system-service
      SystemCallFilter=~@privileged @resources
      "
    `);
  });
});
