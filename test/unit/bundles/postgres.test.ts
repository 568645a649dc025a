import { describe, expect, test } from "vitest";
import { databaseUrl, type PostgresSettings, postgresBundle } from "../../../infra/bundles/postgres";

const settings: PostgresSettings = { enabled: true, name: "planning-bord" };

const content = (path: string, changes: Partial<PostgresSettings> = {}) =>
  postgresBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

describe("the bundle of PostgreSQL", () => {
  test("its files", () => {
    expect(
      postgresBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`),
    ).toMatchInlineSnapshot(`
      [
        "755 apply.sh",
        "644 createcluster.conf",
        "644 lib.sh",
        "644 parts/cluster.sh",
        "644 parts/database.sh",
        "644 parts/roles.sql",
        "644 pg_hba.conf",
        "644 pg_ident.conf",
        "644 postgresql.conf",
        "644 queuehost.conf",
        "644 settings.sh",
        "644 start.conf",
      ]
    `);
  });

  test("postgresql.conf as a whole", () => {
    expect(content("postgresql.conf")).toMatchInlineSnapshot(`
      "# The whole configuration: what isn't here has PostgreSQL's own default. apply.sh adds what depends on the machine's memory.

      data_directory = '/var/lib/postgresql/17/main'
      hba_file = '/etc/postgresql/17/main/pg_hba.conf'
      ident_file = '/etc/postgresql/17/main/pg_ident.conf'
      external_pid_file = '/run/postgresql/17-main.pid'
      cluster_name = '17/main'
      # This file alone: no second truth in the data folder.
      allow_alter_system = off

      # A socket and no network.
      listen_addresses = ''
      unix_socket_directories = '/run/postgresql'
      max_connections = 100

      # What was committed is on the disk.
      fsync = on
      synchronous_commit = on
      full_page_writes = on

      # A forgotten transaction holds its locks and keeps vacuum from its work. No limit for statements: migrations and reports take
      # their time; an application sets its own (SET statement_timeout).
      idle_in_transaction_session_timeout = 10min

      # For solid state disks. Compiling queries pays in reports alone, and would need memory that is writable and executable.
      random_page_cost = 1.1
      jit = off

      timezone = 'UTC'
      lc_messages = 'C.UTF-8'

      # To the journal, which has the time. Values of parameters never.
      log_destination = stderr
      log_timezone = 'UTC'
      log_line_prefix = '[%p] %q%u@%d '
      log_lock_waits = on
      log_parameter_max_length = 0
      "
    `);
  });

  test("who is let in, as a whole", () => {
    expect(content("pg_hba.conf")).toMatchInlineSnapshot(`
      "# The Unix user decides who somebody is; there are no passwords. The first line that fits counts.
      # TYPE  DATABASE      USER       ADDRESS  METHOD
      local   all           postgres            peer map=superuser
      local   "planning_bord"  app                 peer
      local   all           deploy              peer
      local   all           all                 reject
      host    all           all        all      reject
      "
    `);
    expect(content("pg_ident.conf")).toMatchInlineSnapshot(`
      "# MAP      UNIX USER  ROLE
      superuser  postgres   postgres
      superuser  root       postgres
      superuser  backup     postgres
      "
    `);
  });

  test("what is added to Debian's unit", () => {
    expect(content("queuehost.conf")).toMatchInlineSnapshot(`
      "# On top of Debian's template unit. The server is started directly: Debian's starter needs root, and returns success when it fails.
      [Unit]
      # Whatever ends it, a full disk say: it comes back by itself once it can, however long that takes.
      StartLimitIntervalSec=0

      [Service]
      Type=notify
      PIDFile=
      User=postgres
      Group=postgres
      ExecStart=
      ExecStart=/usr/lib/postgresql/17/bin/postgres -c config_file=/etc/postgresql/17/main/postgresql.conf
      ExecReload=
      ExecReload=/bin/kill -HUP $MAINPID
      ExecStop=
      # Open transactions are rolled back, connections closed.
      KillMode=mixed
      KillSignal=SIGINT
      TimeoutStopSec=5min
      # Recovery after a crash takes longer than systemd's 90 s.
      TimeoutStartSec=15min
      Restart=on-failure
      RestartSec=1s
      RestartSteps=5
      RestartMaxDelaySec=30s

      # When memory runs out, others go first; of PostgreSQL the connection that took it, which the server itself then clears up.
      OOMScoreAdjust=-500
      Environment=PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj PG_OOM_ADJUST_VALUE=0
      OOMPolicy=continue

      RuntimeDirectory=postgresql
      RuntimeDirectoryMode=0755
      RuntimeDirectoryPreserve=yes
      ReadWritePaths=/var/lib/postgresql/17/main
      UMask=0077
      LimitCORE=0

      # Not PrivateUsers: in it the users of connections have no names, and peer lets nobody in.
      NoNewPrivileges=yes
      CapabilityBoundingSet=
      AmbientCapabilities=
      ProtectSystem=strict
      ProtectHome=yes
      PrivateTmp=yes
      PrivateDevices=yes
      PrivateNetwork=yes
      IPAddressDeny=any
      RestrictAddressFamilies=AF_UNIX
      ProtectHostname=yes
      ProtectClock=yes
      ProtectKernelTunables=yes
      ProtectKernelModules=yes
      ProtectKernelLogs=yes
      ProtectControlGroups=yes
      ProtectProc=invisible
      ProcSubset=pid
      RestrictNamespaces=yes
      RestrictRealtime=yes
      RestrictSUIDSGID=yes
      LockPersonality=yes
      MemoryDenyWriteExecute=yes
      RemoveIPC=yes
      KeyringMode=private
      # No shell, whatever a query asks for.
      NoExecPaths=/
      ExecPaths=/usr/lib/postgresql /usr/lib /usr/bin/kill
      SystemCallArchitectures=native
      SystemCallFilter=@system-service
      SystemCallFilter=~@privileged @resources
      SystemCallErrorNumber=EPERM
      "
    `);
  });

  test("what apply.sh is told", () => {
    expect(content("settings.sh")).toContain("ENABLED='yes'\nDATABASE='planning_bord'\n");
    expect(content("settings.sh", { enabled: false })).toContain("ENABLED=''\nDATABASE=''\n");
  });

  test("turned off, the name of the application changes nothing", () => {
    const off = postgresBundle({ enabled: false, name: "planning-bord" });
    expect(postgresBundle({ enabled: false, name: "other" }).digest).toBe(off.digest);
    expect(postgresBundle(settings).digest).not.toBe(off.digest);
  });

  test("DATABASE_URL names the database after the application and leads to the socket", () => {
    expect(databaseUrl("planning-bord")).toBe("postgresql://app@localhost/planning_bord?host=/run/postgresql");
  });

  test.each(["postgres", "template0", "template1"])(
    "a name that PostgreSQL keeps for itself is refused: %s",
    (name) => {
      expect(() => postgresBundle({ enabled: true, name })).toThrow(
        `app.name: should be none of PostgreSQL's own databases`,
      );
      expect(() => postgresBundle({ enabled: false, name })).not.toThrow();
    },
  );

  test("a name that a shell or a rule could take for more is refused", () => {
    expect(() => postgresBundle({ enabled: true, name: `x" all trust` })).toThrow(/^app.name: should match/);
  });
});
