import { type Bundle, type BundleFile, bundle, hostFile, hostFiles } from "./bundle";
import { assertAppName, assertFolder, assertPlain, assertUrlPath } from "./names";
import { type Pm2Artefact, pm2Files } from "./pm2";
import { databaseOf } from "./postgres";
import { numbers, portOf, SIDES, variablesOf } from "./sides";
import { type AppUnitSettings, unitFile } from "./unit";

/** A process that runs as long as the server does. */
export interface AppProcess {
  /** `backend`, `worker` (the group without a name) or `worker-<group>`: its units are <application>-<name>@<side><number>. */
  readonly name: string;
  /** As a person types it into a shell, in the folder of the application. */
  readonly command: string;
  /** How many of it run at a time, 1 to 8. */
  readonly instances: number;
  /** QUEUE_CONCURRENCY, in place of what `.env` says. */
  readonly concurrency?: number;
  /** QUEUES: the queues that it serves, the most urgent first. */
  readonly queues?: readonly string[];
  /** Memory that one instance may take, such as `512mb`: one that takes more is killed, and started again. */
  readonly memory: string;
  /** Share of the processor while there is too little of it, 1 to 10000; 100 is the usual. */
  readonly cpuWeight: number;
  /** Seconds between SIGTERM and SIGKILL; longer than it needs to finish what it runs. */
  readonly stopTimeoutSec: number;
}

/** What the server compares the queues with after a switch. */
export interface WatchSettings {
  /** For how long, 0 for not at all. */
  readonly seconds: number;
  /** Percent points that the failure rate of jobs may rise. */
  readonly failures: number;
  /** Factor that their waiting time may grow by. */
  readonly wait: number;
}

/** A release of the application and how it runs. */
export interface AppSettings {
  /** Name of the application: folder /srv/<name>, and what the names of its units begin with. */
  readonly name: string;
  /** Id of the release (`Release.id` of infra/release): /srv/<name>/releases/<id>. */
  readonly release: string;
  /** It is one that the server has kept, with the settings and units of its own: no artefact travels, and these here don't count. */
  readonly kept?: true;
  /** `Release.sha256`: hex digest of the tar inside the uploaded /srv/<name>/incoming/<id>.tar.gz. */
  readonly sha256: string;
  /** Folder inside the release in which its commands run, "" for its root. */
  readonly folder: string;
  /** The runtime that the server fetches (`nodeRuntime` of infra/release). */
  readonly nodeVersion: string;
  readonly nodeUrl: string;
  /** Hex digest of what is at `nodeUrl`. */
  readonly nodeSha512: string;
  /** What runs them. */
  readonly manager: "systemd" | "pm2";
  /** Which PM2, where it does. */
  readonly pm2?: Pm2Artefact;
  /** Backend and workers; an application of static files alone has none. */
  readonly processes: readonly AppProcess[];
  /** Runs once in a new release, before it takes over. Its failure keeps the release out. */
  readonly migrate?: string;
  /** Proves that the application works: the verification runs it. */
  readonly smokeTest?: string;
  /** Port of the first backend of side a; further ones follow it, and those of side b begin 8 above. */
  readonly port: number;
  /** Path that answers 200 to 399 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Seconds that the idle side has to become healthy; 30 is the usual. */
  readonly healthTimeoutSec: number;
  /** Releases that stay on the server, the running one included. */
  readonly keepReleases: number;
  /** Debian packages that the application needs. */
  readonly packages: readonly string[];
  /** Folders that outlive a release, relative to `folder`: they are kept in /srv/<name>/shared. */
  readonly folders: readonly string[];
  /** What the keys of its queues begin with. */
  readonly queuePrefix: string;
  /** Whether the server has a database of its own for it, which is dumped before a migration. */
  readonly postgres: boolean;
  readonly watch: WatchSettings;
}

/** Seconds until systemd has started a process, its own default. What it then does is the gate's to judge. */
const START_TIMEOUT_SEC = 90;
const TASKS = {
  migrate: { seconds: 600, of: "Migration" },
  "smoke-test": { seconds: 30, of: "Smoke test" },
} as const;
/** Of a task, which nothing but itself limits: enough for a migration that rewrites what is large. */
const TASK_LIMITS = { memory: "2gb", cpuWeight: 100, stopTimeoutSec: 30 };

/**
 * Brings an uploaded release into service: packages, runtime, migration, then the side that is idle: its units, the gate, and the
 * switch. Needs the `.env` (envBundle) and the uploaded artefact to be there.
 */
export function appBundle(settings: AppSettings): Bundle {
  const processes = settings.manager === "pm2" ? pm2Files(settings) : unitFiles(settings);
  const parts = [...processes, ...taskFiles(settings)];
  return bundle("app", [...hostFiles("app", valuesOf(settings), [UNIT, PAGE]), hostFile(`app/${PAGE}`), ...parts]);
}

/** Rendered here, a file a unit; and on the server, when it is needed. */
const UNIT = "process.service.in";
const PAGE = "maintenance.html.in";

function valuesOf(settings: AppSettings): Record<string, string> {
  assertAppName(settings.name);
  const folders = settings.folders.map((folder) => assertFolder("app.folders", folder));
  const nested = folders.find((folder) => folders.some((other) => folder.startsWith(`${other}/`)));
  if (nested !== undefined) throw new Error(`app.folders: ${nested} lies in another folder of the list`);
  return {
    name: settings.name,
    release: assertPlain("release", settings.release, /^[0-9a-f]{12}$/),
    kept: settings.kept ? "yes" : "",
    sha256: assertPlain("sha256", settings.sha256, /^[0-9a-f]{64}$/),
    folder: settings.folder === "" ? "" : assertFolder("folder", settings.folder),
    nodeVersion: assertPlain("nodeVersion", settings.nodeVersion, /^\d+\.\d+\.\d+$/),
    nodeUrl: assertPlain("nodeUrl", settings.nodeUrl, /^https?:\/\/[^\s'"\\]+$/),
    nodeSha512: assertPlain("nodeSha512", settings.nodeSha512, /^[0-9a-f]{128}$/),
    packages: settings.packages.map((name) => assertPlain("app.packages", name, /^[a-z0-9][a-z0-9+.-]+$/)).join(" "),
    folders: folders.join(" "),
    manager: settings.manager,
    instances: String(settings.processes.reduce((sum, { instances }) => sum + instances, 0)),
    port: String(settings.port),
    healthPath: assertUrlPath("healthPath", settings.healthPath),
    healthTimeout: String(settings.healthTimeoutSec),
    stopTimeout: String(Math.max(0, ...settings.processes.map(({ stopTimeoutSec }) => stopTimeoutSec))),
    keep: String(settings.keepReleases),
    database: settings.postgres ? databaseOf(settings.name) : "",
    queuePrefix: assertPlain("queuePrefix", settings.queuePrefix, /^[A-Za-z0-9_-]{1,40}$/),
    watchSeconds: String(settings.watch.seconds),
    watchFailures: String(settings.watch.failures),
    watchWait: String(settings.watch.wait),
  };
}

const commonOf = ({ name: app, folder, nodeVersion, folders }: AppSettings): AppUnitSettings => ({
  app,
  folder,
  nodeVersion,
  folders,
});

/** The instances of both sides: which of them is idle is known on the server alone. */
function unitFiles(settings: AppSettings): BundleFile[] {
  const { name: app, release, port } = settings;
  return settings.processes.flatMap((process) =>
    SIDES.flatMap((side) =>
      numbers(process.instances).map((number) =>
        unitFile(commonOf(settings), {
          name: `${app}-${assertProcess(process.name)}@${side}${number}`,
          description: `${descriptionOf(process.name, app)}, ${side}${number}`,
          command: process.command,
          kind: "service",
          startTimeoutSec: START_TIMEOUT_SEC,
          release: `/srv/${app}/releases/${release}`,
          variables: variablesOf(process, portOf(port, side, number)),
          memory: process.memory,
          cpuWeight: process.cpuWeight,
          stopTimeoutSec: process.stopTimeoutSec,
        }),
      ),
    ),
  );
}

function taskFiles(settings: AppSettings): BundleFile[] {
  const { name: app, release, migrate, smokeTest } = settings;
  const task = (what: keyof typeof TASKS, command: string | undefined, folder: string) =>
    command === undefined
      ? []
      : [
          unitFile(commonOf(settings), {
            name: `${app}-${what}`,
            description: `${TASKS[what].of} of ${app}`,
            command,
            kind: "task",
            startTimeoutSec: TASKS[what].seconds,
            release: `/srv/${app}/${folder}`,
            variables: {},
            ...TASK_LIMITS,
          }),
        ];
  return [...task("migrate", migrate, `releases/${release}`), ...task("smoke-test", smokeTest, "current")];
}

/** The name, when it can be part of a unit's. */
export const assertProcess = (name: string): string =>
  assertPlain("process", name, /^(backend|worker(-[a-z][a-z0-9-]{0,30})?)$/);

function descriptionOf(process: string, app: string): string {
  if (process === "backend") return `Backend of ${app}`;
  const group = process.slice("worker-".length);
  return group === "" ? `Worker of ${app}` : `Worker ${group} of ${app}`;
}
