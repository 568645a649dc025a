import { posix } from "node:path";
import type { AppProcess, AppSettings } from "./app";
import { numbers, portOf, type Side, variablesOf } from "./sides";

/** One instance in the words of PM2's ecosystem file. */
interface Instance {
  readonly name: string;
  readonly namespace: string;
  readonly script: string;
  readonly args?: readonly string[] | string;
  readonly node_args?: string;
  readonly interpreter?: "none";
  readonly exec_mode: "cluster" | "fork";
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly out_file: string;
  readonly error_file: string;
  readonly kill_timeout: number;
  readonly max_memory_restart: string;
}

/** What is the same for all instances. */
const COMMON = {
  instances: 1,
  // Rather than a count of starts after which PM2 would give up.
  exp_backoff_restart_delay: 100,
  max_restarts: 1_000_000_000,
  // Children of a process are its own to end, as those of a sandboxed job processor.
  treekill: false,
  // A reload waits that long for the new instance to listen.
  listen_timeout: 30_000,
  merge_logs: true,
  log_date_format: "YYYY-MM-DDTHH:mm:ss.SSSZ",
  pmx: false,
  vizion: false,
};

/** The ecosystem file of a side: what PM2 starts there, and what people read. */
export function ecosystemOf(settings: AppSettings, side: Side): string {
  const apps = settings.processes.flatMap((process) =>
    numbers(process.instances).map((number) => ({
      ...instanceOf(settings, side, process, number),
      ...COMMON,
    })),
  );
  return [
    "// What PM2 runs on this side, written by the deployment: changes are made in the stack's configuration. Beside this, each",
    "// process has what .env says.",
    `module.exports = ${JSON.stringify({ apps }, null, 2)};`,
    "",
  ].join("\n");
}

function instanceOf(settings: AppSettings, side: Side, process: AppProcess, number: number): Instance {
  const { name: app, release, folder, port } = settings;
  const namespace = `${app}-${process.name}`;
  const log = `/var/lib/${app}-pm2/${side}/logs/${namespace}@${side}${number}`;
  const cwd = posix.join("/srv", app, "releases", release, folder);
  const node = process.name === "backend" ? nodeCommand(process.command) : undefined;
  return {
    name: process.instances === 1 ? namespace : `${namespace}-${number}`,
    namespace,
    ...(node === undefined
      ? { script: "/bin/bash", args: ["-c", process.command], interpreter: "none", exec_mode: "fork" }
      : { ...node, exec_mode: "cluster" }),
    cwd,
    env: {
      ...variablesOf(process, portOf(port, side, number)),
      // As PM2 counts the instances of one application.
      NODE_APP_INSTANCE: String(number - 1),
    },
    out_file: `${log}-out.log`,
    error_file: `${log}-error.log`,
    kill_timeout: process.stopTimeoutSec * 1000,
    max_memory_restart: process.memory.slice(0, -1).toUpperCase(),
  };
}

/** A word that a shell leaves as it is. */
const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/;

/**
 * A command that is `node <file> [arguments]`, as cluster mode wants it; undefined for any other. Options of Node are taken where
 * they are one word: whether the next one belongs to them, only Node knows.
 */
function nodeCommand(command: string): { script: string; args?: string; node_args?: string } | undefined {
  const [program, ...words] = command.trim().split(/\s+/);
  if (program !== "node" || !words.every((word) => PLAIN.test(word))) return undefined;
  const at = words.findIndex((word) => !word.startsWith("-"));
  const script = words[at];
  const options = words.slice(0, at);
  if (script === undefined || !options.every((option) => /^--[a-z-]+=|^--enable-source-maps$/.test(option)))
    return undefined;
  const args = words.slice(at + 1).join(" ");
  return {
    script: script.startsWith("/") ? script : `./${script.replace(/^\.\//, "")}`,
    ...(args !== "" && { args }),
    ...(options.length > 0 && { node_args: options.join(" ") }),
  };
}
