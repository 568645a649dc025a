import { execFile, spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { type Report, withElapsed } from "../report";
import { engine, hasServiceManager, unreachable } from "./engine";
import { installPackages, onPath } from "./install";

const run = promisify(execFile);

/** What the daemon that we start says; its own pid file is /var/run/docker.pid. */
const LOG = "/var/log/queuehost-dockerd.log";

/** A daemon on a slow computer, with leftovers of an unclean stop to tidy. */
const START_SECONDS = 60;

/** Starts the daemon in a session of its own: it outlives us, as it would with a service manager. */
function startDaemon(): void {
  mkdirSync("/var/log", { recursive: true });
  const log = openSync(LOG, "a", 0o640);
  spawn("dockerd", [], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` },
  }).unref();
}

async function waitFor(docker: Docker): Promise<void> {
  let reason: string | undefined = "not asked yet";
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end; await sleep(300)) {
    reason = await unreachable(docker);
    if (reason === undefined) return;
  }
  throw new Error(
    `Docker was started and doesn't answer after ${START_SECONDS} s (${reason}); its log is ${LOG} or \`journalctl -u docker\``,
  );
}

/**
 * A Docker engine that answers. An engine that DOCKER_HOST names is used or missed, never replaced. Otherwise: installed from
 * the distribution when missing (root on Debian or Ubuntu; said first), and started when it isn't running. Throws one line that
 * says what is missing where neither can be done.
 */
export async function ensureDocker(report: Report): Promise<Docker> {
  const docker = engine();
  const reason = await unreachable(docker);
  if (reason === undefined) return docker;
  if (process.env.DOCKER_HOST)
    throw new Error(`Docker doesn't answer: ${reason} (DOCKER_HOST is set; unset it to use this computer's)`);
  if (!onPath("dockerd")) await installPackages(["docker.io"], report);
  if ((await unreachable(docker)) === undefined) return docker;
  if (process.getuid?.() !== 0) {
    throw new Error(
      `Docker can't be used: ${reason}. Start it (sudo systemctl start docker), and be root or a member of the group docker.`,
    );
  }
  await withElapsed(report, "starting Docker", async () => {
    if (hasServiceManager()) await run("systemctl", ["start", "docker"]);
    else startDaemon();
    await waitFor(docker);
  });
  return docker;
}
