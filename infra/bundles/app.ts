import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertAppName, assertFolder, assertPlain, assertUrlPath } from "./names";
import { type AppUnitSettings, unitFile } from "./unit";

/** A process that runs as long as the server does. */
export interface AppProcess {
  /** `backend`, `worker` (the group without a name) or `worker-<group>`: its unit is <application>-<name>. */
  readonly name: string;
  /** As a person types it into a shell, in the folder of the application. */
  readonly command: string;
}

/** A release of the application and how it runs. */
export interface AppSettings {
  /** Name of the application: folder /srv/<name>, and what the names of its units begin with. */
  readonly name: string;
  /** Id of the release (`Release.id` of infra/release): /srv/<name>/releases/<id>. */
  readonly release: string;
  /** `Release.sha256`: hex digest of the tar inside the uploaded /srv/<name>/incoming/<id>.tar.gz. */
  readonly sha256: string;
  /** Folder inside the release in which its commands run, "" for its root. */
  readonly folder: string;
  /** The runtime that the server fetches (`nodeRuntime` of infra/release). */
  readonly nodeVersion: string;
  readonly nodeUrl: string;
  /** Hex digest of what is at `nodeUrl`. */
  readonly nodeSha512: string;
  /** Backend and workers; an application of static files alone has none. */
  readonly processes: readonly AppProcess[];
  /** Runs once in a new release, before it takes over. Its failure keeps the release out. */
  readonly migrate?: string;
  /** Proves that the application works: the verification runs it. */
  readonly smokeTest?: string;
  /** Port of the backend on the server. */
  readonly port: number;
  /** Path that answers 200 to 399 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Seconds that the release has to become healthy before the one before it is put back; 30 is the usual. */
  readonly healthTimeoutSec: number;
  /** Seconds between SIGTERM and SIGKILL; longer than the application needs to finish what it runs. */
  readonly stopTimeoutSec: number;
  /** Releases that stay on the server, the running one included. */
  readonly keepReleases: number;
  /** Debian packages that the application needs. */
  readonly packages: readonly string[];
  /** Folders that outlive a release, relative to `folder`: they are kept in /srv/<name>/shared. */
  readonly folders: readonly string[];
}

/** Seconds until systemd has started a process, its own default. What it then does is the gate's to judge. */
const START_TIMEOUT_SEC = 90;
const MIGRATE_TIMEOUT_SEC = 600;
const SMOKE_TEST_TIMEOUT_SEC = 30;

/**
 * Brings an uploaded release into service: packages, runtime, units, migration, `current`, health gate, and back when the
 * gate stays shut. Needs the `.env` (envBundle) and the uploaded artefact to be there.
 */
export function appBundle(settings: AppSettings): Bundle {
  assertAppName(settings.name);
  const folders = settings.folders.map((folder) => assertFolder("app.folders", folder));
  const nested = folders.find((folder) => folders.some((other) => folder.startsWith(`${other}/`)));
  if (nested !== undefined) throw new Error(`app.folders: ${nested} lies in another folder of the list`);
  const values = {
    name: settings.name,
    release: assertPlain("release", settings.release, /^[0-9a-f]{12}$/),
    sha256: assertPlain("sha256", settings.sha256, /^[0-9a-f]{64}$/),
    folder: settings.folder === "" ? "" : assertFolder("folder", settings.folder),
    nodeVersion: assertPlain("nodeVersion", settings.nodeVersion, /^\d+\.\d+\.\d+$/),
    nodeUrl: assertPlain("nodeUrl", settings.nodeUrl, /^https?:\/\/[^\s'"\\]+$/),
    nodeSha512: assertPlain("nodeSha512", settings.nodeSha512, /^[0-9a-f]{128}$/),
    packages: settings.packages.map((name) => assertPlain("app.packages", name, /^[a-z0-9][a-z0-9+.-]+$/)).join(" "),
    folders: folders.join(" "),
    port: String(settings.port),
    healthPath: assertUrlPath("healthPath", settings.healthPath),
    healthTimeout: String(settings.healthTimeoutSec),
    keep: String(settings.keepReleases),
  };
  return bundle("app", [...hostFiles("app", values, ["process.service.in"]), ...unitFiles(settings)]);
}

function unitFiles(settings: AppSettings) {
  const { name: app, folder, nodeVersion, stopTimeoutSec, folders, migrate, smokeTest } = settings;
  const common: AppUnitSettings = { app, folder, nodeVersion, stopTimeoutSec, folders };
  const current = `/srv/${app}/current`;
  const services = settings.processes.map(({ name, command }) =>
    unitFile(common, {
      name: `${app}-${assertPlain("process", name, /^(backend|worker(-[a-z][a-z0-9-]{0,30})?)$/)}`,
      description: descriptionOf(name, app),
      command,
      kind: "service",
      startTimeoutSec: START_TIMEOUT_SEC,
      release: current,
    }),
  );
  const task = (what: string, description: string, command: string, release: string, startTimeoutSec: number) =>
    unitFile(common, { name: `${app}-${what}`, description, command, kind: "task", startTimeoutSec, release });
  const own = `/srv/${app}/releases/${settings.release}`;
  return [
    ...services,
    ...(migrate === undefined ? [] : [task("migrate", `Migration of ${app}`, migrate, own, MIGRATE_TIMEOUT_SEC)]),
    ...(smokeTest === undefined
      ? []
      : [task("smoke-test", `Smoke test of ${app}`, smokeTest, current, SMOKE_TEST_TIMEOUT_SEC)]),
  ];
}

function descriptionOf(process: string, app: string): string {
  if (process === "backend") return `Backend of ${app}`;
  const group = process.slice("worker-".length);
  return group === "" ? `Worker of ${app}` : `Worker ${group} of ${app}`;
}
