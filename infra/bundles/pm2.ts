import { posix } from "node:path";
import type { AppProcess, AppSettings } from "./app";
import { type Bundle, type BundleFile, bundle, hostFile, hostFiles, render } from "./bundle";
import { assertAppName, assertPlain } from "./names";
import { ecosystemOf } from "./pm2-ecosystem";
import { SIDES, type Side } from "./sides";
import { execWord } from "./unit";

/** PM2 on the server, for the user `app`. */
export interface Pm2Settings {
  /** Name of the application. */
  readonly name: string;
  /** The packed PM2 (`packPm2` of infra/release); undefined: what there was of PM2 is taken away, once nothing runs under it. */
  readonly pm2?: Pm2Artefact;
}

/** PM2 with all that it depends on, packed on the operator's machine. */
export interface Pm2Artefact {
  /** Of PM2. */
  readonly version: string;
  /** First 12 hex digits of `sha256`: the folder /opt/queuehost/pm2/<id>. */
  readonly id: string;
  /** Hex digest of the tar inside /srv/<name>/incoming/pm2-<id>.tgz. */
  readonly sha256: string;
}

const TEMPLATES = ["daemon.service.in", "side.sh.in"];
/** For the daemon itself, beside what its processes may take. */
const DAEMON_BYTES = 256 * 2 ** 20;
/** systemd's largest. */
const MAX_WEIGHT = 10_000;

/** Installs PM2, the command `pm2` and the rotation of logs; or takes all of it away. */
export function pm2Bundle({ name, pm2 }: Pm2Settings): Bundle {
  assertAppName(name);
  const values = {
    name,
    pm2: pm2 === undefined ? "" : assertPlain("pm2", pm2.id, /^[0-9a-f]{12}$/),
    sha256: pm2 === undefined ? "" : assertPlain("sha256", pm2.sha256, /^[0-9a-f]{64}$/),
    version: pm2 === undefined ? "" : assertPlain("version", pm2.version, /^\d+\.\d+\.\d+$/),
  };
  const files = hostFiles("pm2", values, TEMPLATES);
  return bundle(
    "pm2",
    files.filter(({ path }) => !path.startsWith("runtime/")),
  );
}

/**
 * What a side of a release needs under PM2, for either side: `pm2/<side>/` with the ecosystem file, the daemon's unit and what the
 * command `pm2` has to know. They travel with the release.
 */
export function pm2Files(settings: AppSettings): BundleFile[] {
  const { pm2, nodeVersion } = settings;
  if (pm2 === undefined) throw new Error("a release under PM2: should say which PM2, got none");
  return SIDES.flatMap((side) => {
    const file = (path: string, content: string) => ({ path: `pm2/${side}/${path}`, content, mode: 0o644 });
    return [
      file("ecosystem.config.js", ecosystemOf(settings, side)),
      file("pm2.service", unitOf(settings, pm2.id, side)),
      file("pm2.sh", fromTemplate("side.sh.in", { pm2: pm2.id, nodeVersion })),
    ];
  });
}

function unitOf(settings: AppSettings, pm2: string, side: Side): string {
  const { name, release, folder, folders, nodeVersion, processes } = settings;
  const root = posix.join("/srv", name, "releases", release);
  const workingDirectory = posix.join(root, folder);
  const bins = [...new Set([workingDirectory, root])].map((at) => `${at}/node_modules/.bin`);
  const home = `/var/lib/${name}-pm2/${side}`;
  const sum = (of: (process: AppProcess) => number) =>
    processes.reduce((total, process) => total + process.instances * of(process), 0);
  return fromTemplate("daemon.service.in", {
    name,
    side,
    release,
    workingDirectory,
    path: [`/opt/queuehost/node/${nodeVersion}/bin`, ...bins, "/usr/bin", "/bin"].join(":"),
    command: [`/opt/queuehost/node/${nodeVersion}/bin/node`, `/opt/queuehost/pm2/${pm2}/daemon.cjs`]
      .concat([home, `/run/${name}-pm2-${side}/status.tsv`, `/srv/${name}/sides/${side}/ecosystem.config.js`])
      .map(execWord)
      .join(" "),
    writable: folders.map((lasting) => `/srv/${name}/shared/${lasting}`).join(" "),
    memory: String(sum(({ memory }) => bytesOf(memory)) + DAEMON_BYTES),
    cpuWeight: String(
      Math.min(
        MAX_WEIGHT,
        Math.max(
          1,
          sum(({ cpuWeight }) => cpuWeight),
        ),
      ),
    ),
    // The daemon follows the last of its processes.
    stopTimeout: String(Math.max(0, ...processes.map(({ stopTimeoutSec }) => stopTimeoutSec)) + 5),
  });
}

const fromTemplate = (file: string, values: Readonly<Record<string, string>>) =>
  render(`host/pm2/${file}`, hostFile(`pm2/${file}`).content, values).content;

/** Of a size such as 512mb. */
function bytesOf(size: string): number {
  const [, count = "", unit = ""] = /^(\d+)(kb|mb|gb)$/.exec(size) ?? [];
  const factor = { kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 }[unit];
  if (factor === undefined) throw new Error(`memory: should be a size such as 512mb, got "${size}"`);
  return Number(count) * factor;
}
