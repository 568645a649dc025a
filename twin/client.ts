import { existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { UserError } from "../scripts/lib/errors";
import { HOST_KEY_FILES, hostKey } from "./boxes/host-key";
import { engine, unreachable, withEngine } from "./docker/engine";
import { ensureDocker } from "./docker/ensure";
import { ensureImage } from "./image/build";
import { dismantle } from "./machines/dismantle";
import { names } from "./machines/names";
import { answers, endTwin, findTwin, launchTwin } from "./process";
import { type Report, withElapsed } from "./report";

export interface RunningTwin {
  /** For HCLOUD_ENDPOINT: `http://127.0.0.1:PORT/v1`. */
  readonly endpoint: string;
  readonly token: string;
  readonly stateDir: string;
  readonly pid: number;
  /** Where this computer's connections to the machines come from: what a firewall has to let in. */
  readonly operatorAddress: string;
  /** `ssh-ed25519 AAAA...`, which its Storage Boxes show. */
  readonly boxHostKey: string;
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

/** Throws one line when something else listens on the port. */
async function requireFreePort(port: number): Promise<void> {
  const who = `stop that (ss -ltnp 'sport = :${port}' names it) or choose another (--port)`;
  await new Promise<void>((settle, fail) => {
    const probe = createServer();
    probe.once("error", () => fail(new UserError(`port ${port} on 127.0.0.1 is in use by another program: ${who}`)));
    probe.listen(port, "127.0.0.1", () => probe.close(() => settle()));
  });
}

/** One at a time starts or stops the twin of a folder; a second one waits, and then finds what the first has done. */
async function alone<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  const retries = { forever: true, minTimeout: 200, maxTimeout: 1_000 };
  const release = await lock(stateDir, { lockfilePath: join(stateDir, "twin.lock"), stale: 10_000, retries });
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * Starts the twin of a state folder, or finds it running. Gets what it needs first: Docker, and the machines' image. A
 * running one with another token, port or image is started anew; its machines don't notice.
 */
export async function startTwin({ port, token, report, ...options }: TwinOptions): Promise<RunningTwin> {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  const stateDir = realpathSync(options.stateDir);
  const docker = await ensureDocker(report);
  const image = await withEngine(docker, () => ensureImage(docker, report));
  return alone(stateDir, async () => {
    let known = findTwin(stateDir);
    // Before anything is ended: a twin that runs goes on where its new port isn't to be had.
    if (port !== 0 && known?.port !== port) await requireFreePort(port);
    if (known) {
      const fits = (port === 0 || known.port === port) && known.image === image;
      if (!fits || !(await answers(known, stateDir, token))) {
        await endTwin(known.pid, stateDir);
        known = undefined;
      }
    }
    if (!known) {
      known = await withElapsed(report, "starting the twin", () => launchTwin(stateDir, port, token, image));
    }
    const endpoint = `http://127.0.0.1:${known.port}/v1`;
    const boxHostKey = hostKey(stateDir).publicKey;
    return { endpoint, token, stateDir, pid: known.pid, operatorAddress: known.gateway, boxHostKey };
  });
}

/**
 * Deletes the machines of a twin whose state folder was deleted, which then ends by itself.
 * @returns whether there were any; false too where no engine runs, without which there is none
 */
export async function stopLostTwin(stateDir: string, report: Report): Promise<boolean> {
  const docker = engine();
  if (existsSync(stateDir) || (await unreachable(docker)) !== undefined) return false;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lost = names(realpathSync(stateDir));
  return withEngine(docker, async () => {
    const networks = await docker.listNetworks({ filters: { label: [lost.label] } });
    if (networks.length > 0) await dismantle(docker, lost, undefined, report);
    return networks.length > 0;
  });
}

/**
 * Stops the twin of a state folder, if it runs.
 * @param deleteServers true: also removes its machines, its network, its rules in the kernel, and its state; nothing is left.
 *   false: machines go on running, and the next start finds them.
 * @param report takes what could not be removed; by default it goes to stderr
 */
export async function stopTwin(
  stateDir: string,
  { deleteServers, report = console.error }: { readonly deleteServers: boolean; readonly report?: Report },
): Promise<void> {
  if (!existsSync(stateDir)) return;
  const folder = realpathSync(stateDir);
  await alone(folder, async () => {
    const known = findTwin(folder);
    if (known) await endTwin(known.pid, folder);
    if (!deleteServers) return;
    const docker = engine();
    const reason = await unreachable(docker);
    if (reason !== undefined)
      throw new UserError(
        `the twin's machines can't be deleted: Docker doesn't answer (${reason}); start it and repeat`,
      );
    await withEngine(docker, () => dismantle(docker, names(folder), known?.image, report));
    for (const file of ["state.json", "twin.json", "twin.log", ...HOST_KEY_FILES])
      rmSync(join(folder, file), { force: true });
  });
}
