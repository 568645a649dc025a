import { describe, expect, test } from "vitest";
import { type BackupsSettings, backupsBundle } from "../../../infra/bundles/backups";

const settings: BackupsSettings = {
  schedule: "*-*-* 03:15:00",
  keep: 14,
  keepDaily: 30,
  name: "planning-bord",
  postgres: true,
  folders: ["uploads", "data/exports"],
};
const content = (path: string, changes: Partial<BackupsSettings> = {}) =>
  backupsBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

describe("the bundle of backups", () => {
  test("its files", () => {
    expect(backupsBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toMatchInlineSnapshot(`
      [
        "755 apply.sh",
        "644 lib.sh",
        "644 queuehost-backup.service",
        "644 queuehost-backup.timer",
        "644 server/app.sh",
        "755 server/backup.sh",
        "755 server/backups.sh",
        "755 server/done.sh",
        "644 server/files.sh",
        "644 server/job.lua",
        "644 server/keep.sh",
        "755 server/last.sh",
        "644 server/postgres.sh",
        "755 server/prepare.sh",
        "644 server/prove.sh",
        "644 server/queues.lua",
        "644 server/redis.sh",
        "644 server/requeue.lua",
        "644 server/restore-files.sh",
        "644 server/restore-postgres.sh",
        "644 server/restore-redis.sh",
        "755 server/restore.sh",
        "644 server/sandbox.sh",
        "644 server/transfer.sh",
        "644 settings.sh",
      ]
    `);
  });

  test("what it backs up", () => {
    expect(content("settings.sh")).toMatchInlineSnapshot(`
      "# shellcheck shell=sh disable=SC2034 # what belongs to a backup; read by the scripts beside it
      name='planning-bord'
      database='planning_bord'
      folders='uploads data/exports'
      keep='14'
      keep_daily='30'
      "
    `);
    expect(content("settings.sh", { postgres: false, folders: [] })).toContain("database=''\nfolders=''\n");
  });

  test("a folder that leads elsewhere is refused", () => {
    expect(() => backupsBundle({ ...settings, folders: ["../etc"] })).toThrow(/app.folders: should match/);
  });

  test("the timer as a whole", () => {
    expect(content("queuehost-backup.timer")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Backups of what planning-bord has

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
      Description=Proven backup of what planning-bord has
      Wants=redis-server@queue.service
      After=redis-server@queue.service postgresql.service
      # Tried by hand a few times in a row, it should still say why it fails.
      StartLimitIntervalSec=0

      [Service]
      Type=oneshot
      ExecStart=/bin/bash /opt/queuehost/backups/backup.sh make
      ExecStopPost=+/bin/sh /opt/queuehost/backups/done.sh
      SyslogIdentifier=queuehost-backup
      TimeoutStartSec=2h
      # The group reaches Redis' socket. Folders and .env are read past their modes; what can be written are the backups alone. For
      # reading there is a smaller right, CAP_DAC_READ_SEARCH, which no container has.
      User=backup
      Group=backup
      SupplementaryGroups=redis
      AmbientCapabilities=CAP_DAC_OVERRIDE
      CapabilityBoundingSet=CAP_DAC_OVERRIDE
      # Gone with the run.
      RuntimeDirectory=queuehost-backup
      RuntimeDirectoryMode=0700
      ExecStartPre=+/bin/sh /opt/queuehost/backups/prepare.sh
      ReadWritePaths=/var/backups/queuehost
      UMask=0077
      # Loading the copy needs memory for a moment: if there is none, this goes and Redis stays.
      OOMScoreAdjust=900
      Nice=10
      IOSchedulingClass=idle

      # Not PrivateUsers: in it PostgreSQL's peer has no name.
      IPAddressDeny=any
      LockPersonality=true
      MemoryDenyWriteExecute=true
      NoNewPrivileges=true
      PrivateDevices=true
      PrivateNetwork=true
      PrivateTmp=true
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
      # With it the servers that copies are tried in give up the right to read everything.
      SystemCallFilter=capset
      "
    `);
  });
});
