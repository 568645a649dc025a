import { type BundleFile, hostFile, render } from "./bundle";
import { assertPlain } from "./names";

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
  /** Variables that the process has in place of those of `.env`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Limit of memory, such as `512mb`. What is over it is killed, and nothing else. */
  readonly memory: string;
  /** Share of the processor while there is too little of it; 100 is the usual. */
  readonly cpuWeight: number;
  /** Seconds between SIGTERM and SIGKILL; longer than the process needs to finish what it runs. */
  readonly stopTimeoutSec: number;
}

/** What the units of an application have in common. */
export interface AppUnitSettings {
  /** Name of the application. */
  readonly app: string;
  /** Folder inside the release in which commands run, "" for its root. */
  readonly folder: string;
  readonly nodeVersion: string;
  /** Folders that outlive a release, relative to `folder`. */
  readonly folders: readonly string[];
}

const TEMPLATE = "app/process.service.in";

/** The unit file of one process: the same sandbox for all of them. */
export function unitFile(common: AppUnitSettings, unit: UnitSettings): BundleFile {
  const { kind } = unit;
  const { workingDirectory, path } = workingFolder(unit.release, common.folder, common.nodeVersion);
  const { content } = render(`host/${TEMPLATE}`, hostFile(TEMPLATE).content, {
    name: common.app,
    description: unit.description,
    type: kind === "task" ? "oneshot" : "exec",
    restart: kind === "task" ? "no" : "always",
    startTimeout: String(unit.startTimeoutSec),
    stopTimeout: String(unit.stopTimeoutSec),
    workingDirectory,
    path,
    command: `${variablesOf(unit.variables)}/bin/bash -c ${execWord(unit.command)}`,
    // A task looks at the side that is live.
    environment: kind === "task" ? `\nEnvironmentFile=-/srv/${common.app}/live/env` : "",
    writable: common.folders.map((folder) => `/srv/${common.app}/shared/${folder}`).join(" "),
    memory: assertPlain("memory", unit.memory.toUpperCase(), /^\d+[KMG]B$/).slice(0, -1),
    cpuWeight: String(unit.cpuWeight),
  });
  return { path: `${kind === "task" ? "tasks" : "units"}/${unit.name}.service`, content, mode: 0o644 };
}

/** Where the commands of a release run, and the PATH that they have there. */
export function workingFolder(release: string, folder: string, nodeVersion: string) {
  const workingDirectory = below(release, folder);
  const bins = [...new Set([workingDirectory, release])].map((own) => `${own}/node_modules/.bin`);
  const path = [`/opt/queuehost/node/${nodeVersion}/bin`, ...bins, "/usr/bin", "/bin"].join(":");
  return { workingDirectory, path };
}

/** Before the command, since what an EnvironmentFile says would win over the unit's own Environment. */
function variablesOf(variables: Readonly<Record<string, string>>): string {
  const words = Object.entries(variables).map(([key, value]) => `${key}=${assertPlain(key, value, /^[\w.:,-]+$/)} `);
  return words.length === 0 ? "" : `/usr/bin/env ${words.join("")}`;
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

/** A folder inside another, which it is itself where the path is empty. */
export function below(folder: string, path: string): string {
  return path === "" ? folder : `${folder}/${path}`;
}
