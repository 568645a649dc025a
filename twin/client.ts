import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { engine, unreachable } from "./docker/engine";
import { ensureDocker } from "./docker/ensure";
import { ensureImage } from "./image/build";
import { Machines } from "./machines/machines";
import { names } from "./machines/names";
import { type Report, withElapsed } from "./report";

export interface RunningTwin {
  /** For HCLOUD_ENDPOINT: `http://127.0.0.1:PORT/v1`. */
  readonly endpoint: string;
  readonly token: string;
  readonly stateDir: string;
  readonly pid: number;
  /** Where this computer's connections to the machines come from: what a firewall has to let in. */
  readonly operatorAddress: string;
}

export interface TwinOptions {
  /** Where the twin keeps its state, its log (twin.log) and its pid (twin.json). One twin a folder. */
  readonly stateDir: string;
  /** Port of the API on 127.0.0.1; 0 lets the kernel choose. */
  readonly port: number;
  /** The bearer token that the API will accept. */
  readonly token: string;
  readonly report: Report;
}

interface Running {
  readonly pid: number;
  readonly port: number;
  readonly image: string;
  readonly gateway: string;
}

const START_SECONDS = 60;
const STOP_SECONDS = 20;

/** What twin.json says, if the process that wrote it is still that twin. */
async function running(stateDir: string): Promise<Running | undefined> {
  const file = join(stateDir, "twin.json");
  if (!existsSync(file)) return undefined;
  try {
    const known = JSON.parse(readFileSync(file, "utf8")) as Running;
    const answer = await fetch(`http://127.0.0.1:${known.port}/healthz`, { signal: AbortSignal.timeout(5_000) });
    const { twin, pid } = (await answer.json()) as { twin: string; pid: number };
    return twin === names(stateDir).id && pid === known.pid ? known : undefined;
  } catch {
    return undefined;
  }
}

async function accepts({ port }: Running, token: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/locations`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return answer.ok;
}

/** Throws one line when something else listens on the port. */
async function requireFreePort(port: number): Promise<void> {
  await new Promise<void>((settle, fail) => {
    const probe = createServer();
    probe.once("error", () =>
      fail(
        new Error(
          `port ${port} on 127.0.0.1 is in use by another program: stop that (ss -ltnp 'sport = :${port}' names it) or choose another port`,
        ),
      ),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => settle()));
  });
}

/** Starts the process, detached from ours, with its output in twin.log, and waits until it answers. */
async function launch({ stateDir, port, token }: TwinOptions, image: string): Promise<Running> {
  const path = join(stateDir, "twin.log");
  const log = openSync(path, "w", 0o600);
  const loader = pathToFileURL(require.resolve("tsx")).href;
  const args = [
    "--import",
    loader,
    join(__dirname, "main.ts"),
    "--state",
    stateDir,
    "--port",
    String(port),
    "--image",
    image,
  ];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, TWIN_TOKEN: token },
  });
  let code: number | null | undefined;
  child.once("exit", (status) => {
    code = status;
  });
  child.unref();
  rmSync(join(stateDir, "twin.json"), { force: true });
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await sleep(100)) {
    const known = await running(stateDir);
    if (known) return known;
    if (code !== undefined) {
      const said = readFileSync(path, "utf8");
      throw new Error(`the twin did not start: ${/^FATAL (.*)$/m.exec(said)?.[1] ?? `see ${path}`}`);
    }
  }
  throw new Error(`the twin doesn't answer after ${START_SECONDS} s: see ${path}`);
}

/**
 * Starts the twin of a state folder, or finds it running. Gets what it needs first: Docker, and the machines' image. A
 * running one with another token, port or image is started anew; its machines don't notice.
 */
export async function startTwin(options: TwinOptions): Promise<RunningTwin> {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  const stateDir = realpathSync(options.stateDir);
  const docker = await ensureDocker(options.report);
  const image = await ensureImage(docker, options.report);
  let known = await running(stateDir);
  if (known) {
    const fits = (options.port === 0 || known.port === options.port) && known.image === image;
    if (!fits || !(await accepts(known, options.token))) {
      await end(known.pid, stateDir);
      known = undefined;
    }
  }
  if (!known) {
    if (options.port !== 0) await requireFreePort(options.port);
    known = await withElapsed(options.report, "starting the twin", () => launch({ ...options, stateDir }, image));
  }
  const { pid, gateway: operatorAddress } = known;
  return { endpoint: `http://127.0.0.1:${known.port}/v1`, token: options.token, stateDir, pid, operatorAddress };
}

const alive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

async function end(pid: number, stateDir: string): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (const late = Date.now() + STOP_SECONDS * 1000; alive(pid); await sleep(50)) {
    if (Date.now() > late) process.kill(pid, "SIGKILL");
  }
  rmSync(join(stateDir, "twin.json"), { force: true });
}

/**
 * Stops the twin of a state folder, if it runs.
 * @param deleteServers true: also removes its machines, its network, its rules in the kernel, and its state; nothing is left.
 *   false: machines go on running, and the next start finds them.
 */
export async function stopTwin(
  stateDir: string,
  { deleteServers }: { readonly deleteServers: boolean },
): Promise<void> {
  if (!existsSync(stateDir)) return;
  const folder = realpathSync(stateDir);
  const known = await running(folder);
  if (known) await end(known.pid, folder);
  if (!deleteServers) return;
  const docker = engine();
  const reason = await unreachable(docker);
  if (reason !== undefined)
    throw new Error(`the twin's machines can't be deleted: Docker doesn't answer (${reason}); start it and repeat`);
  await new Machines(docker, names(folder), known?.image ?? (await ensureImage(docker, () => undefined))).dismantle();
  for (const file of ["state.json", "twin.json", "twin.log"]) rmSync(join(folder, file), { force: true });
}
