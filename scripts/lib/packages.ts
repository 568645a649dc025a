import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Report, withElapsed } from "../../twin/report";
import { NotToBeHad, UserError } from "./errors";
import { run } from "./run";

/** Whether a program is installed; daemons lie in folders that a user's PATH may lack. */
export const onPath = (program: string) =>
  `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(delimiter).some((folder) => existsSync(join(folder, program)));

/** The distribution's name when its packages can be had with apt-get, else undefined. */
function aptDistribution(osRelease = "/etc/os-release"): string | undefined {
  if (!onPath("apt-get") || !existsSync(osRelease)) return undefined;
  const text = readFileSync(osRelease, "utf8");
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, "m").exec(text)?.[1] ?? "";
  const family = `${value("ID")} ${value("ID_LIKE")}`.split(/\s+/);
  return family.includes("debian") || family.includes("ubuntu") ? value("PRETTY_NAME") || "Debian" : undefined;
}

/**
 * Installs packages of the distribution, having said so.
 *
 * @param servicesOff services that the packages bring and that shall neither be started nor come back with a reboot
 * @throws NotToBeHad where that can't be done: not root, or neither Debian nor Ubuntu
 * @throws UserError with the last words of apt-get, where that failed
 */
export async function installPackages(
  packages: readonly string[],
  report: Report,
  servicesOff: readonly string[] = [],
): Promise<void> {
  const names = packages.join(", ");
  const distribution = aptDistribution();
  if (!distribution)
    throw new NotToBeHad(`needed and not installed: ${names}. Install it with your distribution's package manager.`);
  if (process.getuid?.() !== 0)
    throw new NotToBeHad(
      `needed and not installed: ${names}. Install it with: sudo apt-get install ${packages.join(" ")}`,
    );
  await withElapsed(report, `installing ${names} from ${distribution}`, async () => {
    await apt("update");
    const install = () => apt("install", "-y", "--no-install-recommends", ...packages);
    if (servicesOff.length === 0) await install();
    else {
      await withoutServices(install);
      await run("systemctl", ["disable", "--quiet", ...servicesOff]);
    }
  });
}

async function apt(...args: string[]): Promise<void> {
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
  const { exitCode, output } = await run("apt-get", [...options, ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  if (exitCode !== 0)
    throw new UserError(`apt-get ${args[0]} failed: ${output.trim().split("\n").slice(-2).join(" / ")}`);
}

/**
 * Does `work` while no package may start a service: a computer's own policy (Debian's policy-rc.d) is kept; where there is
 * none, ours stands in, which forbids nothing any more once this process has ended, however that was.
 */
export async function withoutServices<T>(work: () => Promise<T>, policy = "/usr/sbin/policy-rc.d"): Promise<T> {
  if (existsSync(policy)) return work();
  writeFileSync(
    policy,
    `#!/bin/sh\ngrep -q '^State:[[:space:]]*[^ZX]' /proc/${process.pid}/status 2>/dev/null || exit 0\nexit 101\n`,
    { mode: 0o755 },
  );
  try {
    return await work();
  } finally {
    rmSync(policy, { force: true });
  }
}

/**
 * Installs those programs that are missing from the distribution's packages of the same names, where that can be done; says
 * why where it can't. Services that come with them stay off.
 *
 * @returns those that are still missing
 */
export async function packagesOrNote(programs: readonly string[], report: Report = console.log): Promise<string[]> {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0) return [];
  try {
    await installPackages(missing, report, missing);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report(error.message);
  }
  return missing.filter((program) => !onPath(program));
}
