import { spawn } from "node:child_process";
import { openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { UserError } from "../scripts/lib/errors";
import { isRunning } from "../scripts/lib/process.cjs";
import { names } from "./machines/names";

/** What the process of a twin writes to twin.json as soon as it answers. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  readonly image: string;
  readonly gateway: string;
}

const MAIN = join(__dirname, "main.ts");
const ANSWER_MS = 5_000;
const START_SECONDS = 60;
const STOP_SECONDS = 20;

const read = (path: string) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** Whether a process runs that is the twin of this folder: a number alone may be another program's by now. */
function isTwin(pid: number, stateDir: string): boolean {
  const words = read(`/proc/${pid}/cmdline`).split("\0");
  return words.includes(stateDir) && words.some((word) => word.endsWith("twin/main.ts")) && isRunning(pid);
}

/** The process of this folder's twin, whether it answers or not. */
export function findTwin(stateDir: string): Running | undefined {
  const text = read(join(stateDir, "twin.json"));
  if (text === "") return undefined;
  const known = JSON.parse(text) as Running;
  return isTwin(known.pid, stateDir) ? known : undefined;
}

/** Whether the twin answers, and to this token. */
export async function answers({ port }: Running, stateDir: string, token: string): Promise<boolean> {
  const signal = () => AbortSignal.timeout(ANSWER_MS);
  try {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: signal() });
    if (((await health.json()) as { twin: string }).twin !== names(stateDir).id) return false;
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`http://127.0.0.1:${port}/v1/locations`, { headers, signal: signal() })).ok;
  } catch {
    return false;
  }
}

/**
 * Starts the process, detached from ours, with its output added to twin.log, and waits until it answers. Throws the one line
 * with which it ended when it didn't come so far.
 */
export async function launchTwin(stateDir: string, port: number, token: string, image: string): Promise<Running> {
  rmSync(join(stateDir, "twin.json"), { force: true });
  const path = join(stateDir, "twin.log");
  const log = openSync(path, "a", 0o600);
  const from = statSync(path).size;
  const loader = pathToFileURL(require.resolve("tsx")).href;
  const options = ["--state", stateDir, "--port", String(port), "--image", image];
  const child = spawn(process.execPath, ["--import", loader, MAIN, ...options], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, TWIN_TOKEN: token },
  });
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.unref();
  for (const late = Date.now() + START_SECONDS * 1000; Date.now() < late; await sleep(50)) {
    const known = findTwin(stateDir);
    if (known && (await answers(known, stateDir, token))) return known;
    if (!ended) continue;
    const reason = /^FATAL (.*)$/m.exec(readFileSync(path).subarray(from).toString("utf8"))?.[1];
    throw new UserError(`the twin did not start: ${reason ?? `see ${path}`}`);
  }
  throw new UserError(`the twin doesn't answer after ${START_SECONDS} s: see ${path}`);
}

/** Ends the process and waits until it is gone; one that doesn't listen is killed after 20 s. */
export async function endTwin(pid: number, stateDir: string): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (const late = Date.now() + STOP_SECONDS * 1000; isTwin(pid, stateDir); await sleep(50)) {
    if (Date.now() > late) process.kill(pid, "SIGKILL");
  }
  rmSync(join(stateDir, "twin.json"), { force: true });
}
