import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { NotToBeHad, UserError } from "../../scripts/lib/errors";
import { installPackages, onPath } from "../../scripts/lib/packages";
import { run } from "../../scripts/lib/run";
import { type Report, withElapsed } from "../report";
import { engine, hasServiceManager, unreachable } from "./engine";

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
  throw new UserError(
    `Docker was started and doesn't answer after ${START_SECONDS} s (${reason}); its log is ${LOG} or \`journalctl -u docker\``,
  );
}

/**
 * A Docker engine that answers. An engine that DOCKER_HOST names is used or missed, never replaced. Otherwise: installed from
 * the distribution when missing (root on Debian or Ubuntu; said first), and started when it isn't running. Throws one line that
 * says what is missing where neither can be done.
 *
 * @throws NotToBeHad where this computer or this user can't have one: no Linux, no root and no Docker
 * @throws UserError where it should be there and doesn't answer
 */
export async function ensureDocker(report: Report): Promise<Docker> {
  if (process.platform !== "linux")
    throw new NotToBeHad(`the machines of the twin are Debian systems and need Linux; this is ${process.platform}`);
  const docker = engine();
  const reason = await unreachable(docker);
  if (reason === undefined) return docker;
  if (process.env.DOCKER_HOST)
    throw new UserError(`Docker doesn't answer: ${reason} (DOCKER_HOST is set; unset it to use this computer's)`);
  if (!onPath("dockerd")) await installPackages(["docker.io"], report);
  if ((await unreachable(docker)) === undefined) return docker;
  if (process.getuid?.() !== 0) {
    throw new NotToBeHad(
      `Docker can't be used: ${reason}. Start it (sudo systemctl start docker), and be root or a member of the group docker.`,
    );
  }
  await withElapsed(report, "starting Docker", async () => {
    if (!hasServiceManager()) startDaemon();
    else {
      const { exitCode, output } = await run("systemctl", ["start", "docker"]);
      if (exitCode !== 0) throw new UserError(`Docker could not be started: ${output.trim().replaceAll("\n", " / ")}`);
    }
    await waitFor(docker);
  });
  return docker;
}
