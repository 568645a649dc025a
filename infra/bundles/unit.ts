import { type BundleFile, hostFile, render } from "./bundle";

/** What is different between the units of an application. */
export interface UnitSettings {
  /** `<application>-<process>`, without `.service`. */
  readonly name: string;
  readonly description: string;
  /** As a person types it into a shell. */
  readonly command: string;
  /** A service runs until it is stopped, a task (migrate, smoke-test) once. */
  readonly kind: "service" | "task";
  /** Seconds that a task may take, or that a service has for its start. */
  readonly startTimeoutSec: number;
  /** Folder of the release, `/srv/<application>/current` or one of its releases. */
  readonly release: string;
}

/** What the units of an application have in common. */
export interface AppUnitSettings {
  /** Name of the application. */
  readonly app: string;
  /** Folder inside the release in which commands run, "" for its root. */
  readonly folder: string;
  readonly nodeVersion: string;
  readonly stopTimeoutSec: number;
  /** Folders that outlive a release, relative to `folder`. */
  readonly folders: readonly string[];
}

const TEMPLATE = "app/process.service.in";

/** The unit file of one process: the same sandbox for all of them. */
export function unitFile(common: AppUnitSettings, unit: UnitSettings): BundleFile {
  const { release } = unit;
  const workingDirectory = below(release, common.folder);
  const bins = [...new Set([workingDirectory, release])].map((folder) => `${folder}/node_modules/.bin`);
  const { content } = render(`host/${TEMPLATE}`, hostFile(TEMPLATE).content, {
    name: common.app,
    description: unit.description,
    type: unit.kind === "task" ? "oneshot" : "exec",
    restart: unit.kind === "task" ? "no" : "always",
    startTimeout: String(unit.startTimeoutSec),
    stopTimeout: String(common.stopTimeoutSec),
    workingDirectory,
    path: [`/opt/queuehost/node/${common.nodeVersion}/bin`, ...bins, "/usr/bin", "/bin"].join(":"),
    command: execWord(unit.command),
    writable: common.folders.map((folder) => `/srv/${common.app}/shared/${folder}`).join(" "),
  });
  return { path: `units/${unit.name}.service`, content, mode: 0o644 };
}

/**
 * A command as one word of systemd's ExecStart, which comes out as it was typed: backslashes and quotes are systemd's own
 * syntax there, and so are `$` (variables of the unit) and `%` (specifiers).
 */
export function execWord(command: string): string {
  if (command.trim() === "") throw new Error("a command of the application: should say what to run, got nothing");
  if (/\p{Cc}/u.test(command) || !command.isWellFormed())
    throw new Error(`a command of the application: should be one line of text, got ${JSON.stringify(command)}`);
  return `"${command.replace(/[\\"]/g, "\\$&").replace(/[$%]/g, "$&$&")}"`;
}

function below(folder: string, path: string): string {
  return path === "" ? folder : `${folder}/${path}`;
}
