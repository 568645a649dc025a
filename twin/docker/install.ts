import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Report, withElapsed } from "../report";

const run = promisify(execFile);

/** Whether a program is installed; daemons lie in folders that a user's PATH may lack. */
export const onPath = (program: string) =>
  `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(delimiter).some((folder) => existsSync(join(folder, program)));

/** The distribution's name when its packages can be had with apt-get, else undefined. */
function aptDistribution(osRelease = "/etc/os-release"): string | undefined {
  let text: string;
  try {
    text = readFileSync(osRelease, "utf8");
  } catch {
    return undefined;
  }
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)`, "m").exec(text)?.[1] ?? "";
  const family = `${value("ID")} ${value("ID_LIKE")}`.split(/\s+/);
  return family.includes("debian") || family.includes("ubuntu") ? value("PRETTY_NAME") || "Debian" : undefined;
}

/**
 * Installs packages of the distribution, having said so. Throws one line where that can't be done: not root, or neither
 * Debian nor Ubuntu.
 */
export async function installPackages(packages: readonly string[], report: Report): Promise<void> {
  const names = packages.join(", ");
  const distribution = aptDistribution();
  if (!distribution)
    throw new Error(`needed and not installed: ${names}. Install it with your distribution's package manager.`);
  if (process.getuid?.() !== 0) {
    throw new Error(`needed and not installed: ${names}. Install it with: sudo apt-get install ${packages.join(" ")}`);
  }
  await withElapsed(report, `installing ${names} from ${distribution}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = async (...args: string[]) => {
      try {
        await run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args], { env, maxBuffer: 64 * 2 ** 20 });
      } catch (error) {
        const said = (error as { stderr?: string }).stderr?.trim().split("\n").slice(-2).join(" / ");
        throw new Error(`apt-get ${args[0]} failed: ${said || (error as Error).message}`);
      }
    };
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", ...packages);
  });
}
