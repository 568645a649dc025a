// Long, because whole rendered units stand in it: what is asserted is all of what a server gets.
import { describe, expect, test } from "vitest";
import { type AwaySettings, type BackupsSettings, backupsBundle, isAppendOnly } from "../../../infra/bundles/backups";

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
        "644 away/ssh_config",
        "644 lib.sh",
        "644 parts/away.sh",
        "644 queuehost-backup-away.service",
        "644 queuehost-backup-check.timer",
        "644 queuehost-backup-sqlite.service",
        "644 queuehost-backup-sqlite.socket",
        "644 queuehost-backup.service",
        "644 queuehost-backup.timer",
        "644 queuehost-restore-undo.service",
        "644 server/app.sh",
        "755 server/away.sh",
        "755 server/backup.sh",
        "755 server/backups.sh",
        "644 server/check.sql",
        "755 server/copy-sqlite.sh",
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
        "644 server/repository.sh",
        "644 server/requeue.lua",
        "644 server/restore-files.sh",
        "644 server/restore-postgres.sh",
        "644 server/restore-redis.sh",
        "644 server/restore-safety.sh",
        "755 server/restore.sh",
        "644 server/rows.sql",
        "644 server/sandbox.sh",
        "644 server/ship.sh",
        "644 server/sqlite.sh",
        "644 server/transfer.sh",
        "644 settings.sh",
        "644 where.sh",
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

  describe("off the server", () => {
    const away = {
      from: "intranet-production",
      password: "correct horse",
      appendOnly: true,
      bandwidth: 500,
      check: "Sun 04:30",
      checkData: 20,
    };
    const box = {
      kind: "box",
      host: "u1.your-storagebox.de",
      port: 23,
      user: "u1",
      privateKey: "-----BEGIN-----\n",
      hostKey: "ssh-ed25519 AAAA",
      folder: "queuehost",
    } as const;
    const at = (path: string, target: AwaySettings["target"]) => content(path, { away: { ...away, target } });
    const s3 = { kind: "s3", address: "s3:https://x.test/b", accessKeyId: "id", secretAccessKey: "secret" } as const;
    const folder = { kind: "folder", path: "/mnt/backups" } as const;

    test("what the scripts are told", () => {
      expect(at("where.sh", box)).toMatchInlineSnapshot(`
        "# shellcheck shell=sh disable=SC2034 # where backups go besides; read by the scripts beside it
        to='storage-box'
        place='Storage Box u1@u1.your-storagebox.de'
        from='intranet-production'
        box_folder='queuehost'
        append_only='yes'
        bandwidth='500'
        check_data='20'
        "
      `);
      expect(at("where.sh", s3)).toContain("to='s3:https://x.test/b'\nplace='s3:https://x.test/b'\n");
      expect(content("where.sh")).toContain("to=''\nplace=''\n");
    });

    test("how the Storage Box is reached", () => {
      expect(at("away/ssh_config", box)).toMatchInlineSnapshot(`
        "# The Storage Box, with the host key that the configuration names, and no other.
        Host box
          HostName u1.your-storagebox.de
          Port 23
          User u1
          HostKeyAlias box
          UserKnownHostsFile /etc/queuehost/backups/known_hosts
          GlobalKnownHostsFile none
          StrictHostKeyChecking yes
          UpdateHostKeys no
          IdentitiesOnly yes
          BatchMode yes
          ConnectTimeout 15
          ServerAliveInterval 15
          ServerAliveCountMax 4
        "
      `);
      expect(at("away/known_hosts", box)).toBe("box ssh-ed25519 AAAA\n");
      expect(at("away/key", box)).toBe("-----BEGIN-----\n");
      expect(at("away/key", s3)).toBeUndefined();
    });

    test("secrets are in files of their own", () => {
      expect(at("away/s3", s3)).toBe("id\nsecret\n");
      const holding = backupsBundle({ ...settings, away: { ...away, target: s3 } }).files.filter(({ content }) =>
        /correct horse|^secret$/m.test(content),
      );
      expect(holding.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
        "600 away/password",
        "600 away/s3",
      ]);
      expect(content("away/password")).toBeUndefined();
    });

    test("the service as a whole", () => {
      expect(at("queuehost-backup-away.service", box)).toMatchInlineSnapshot(`
        "# Put in place as queuehost-backup-ship.service and queuehost-backup-check.service.
        [Unit]
        Description=Backups of what planning-bord has, off this server: %j
        # After a start by hand or two in a row, it should still say why it fails.
        StartLimitIntervalSec=0

        [Service]
        Type=oneshot
        ExecStart=/bin/bash /opt/queuehost/backups/away.sh %j
        ExecStopPost=+/bin/sh /opt/queuehost/backups/done.sh %j
        SyslogIdentifier=queuehost-backup-%j
        # A first shipping may have much to send; what it doesn't get done the next one does.
        TimeoutStartSec=12h
        User=backup
        Group=backup
        StateDirectory=queuehost-backup
        StateDirectoryMode=0700
        CacheDirectory=queuehost-backup
        CacheDirectoryMode=0700
        # All that it sees of this server.
        RootDirectory=/opt/queuehost/root
        # Not what writes the audit log.
        RootDirectoryStartOnly=true
        BindReadOnlyPaths=/usr /bin /sbin /lib -/lib64 /etc -/run/systemd/resolve /opt/queuehost/backups
        BindPaths=/var/backups/queuehost
        MountAPIVFS=true
        UMask=0077
        OOMScoreAdjust=800
        Nice=15
        IOSchedulingClass=idle

        RestrictAddressFamilies=AF_INET AF_INET6
        CapabilityBoundingSet=
        LockPersonality=true
        MemoryDenyWriteExecute=true
        NoNewPrivileges=true
        PrivateDevices=true
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

    test("a folder on the server takes no network", () => {
      const service = at("queuehost-backup-away.service", folder) ?? "";
      expect(service).toContain("\nBindPaths=/var/backups/queuehost -/mnt/backups\n");
      expect(service).toContain("\nIPAddressDeny=any\nPrivateNetwork=true\nRestrictAddressFamilies=AF_UNIX\n");
    });
  });

  test.each([
    ["storage-box", undefined, true],
    ["storage-box", false, false],
    ["/mnt/backups", undefined, false],
    ["/mnt/backups", true, true],
  ] as const)("the server deletes nothing at %s, told %s: %s", (to, told, is) => {
    expect(isAppendOnly({ "backups.to": to, "backups.appendOnly": told })).toBe(is);
  });
});
