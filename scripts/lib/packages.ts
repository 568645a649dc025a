import { run } from "./run";

/** Whether a command is on PATH. */
export async function onPath(command: string): Promise<boolean> {
  return (await run("sh", ["-c", 'command -v "$1"', "sh", command])).exitCode === 0;
}

/**
 * Installs the distribution's packages of those names where their commands are missing, naming them first; only as root on
 * Debian or Ubuntu.
 *
 * @returns those that are still missing
 */
export async function packagesOrNote(names: readonly string[]): Promise<string[]> {
  const missing = await stillMissing(names);
  if (missing.length === 0 || process.getuid?.() !== 0 || !(await onPath("apt-get"))) return missing;
  console.log(`Installing from the distribution: ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["-qq", "update"], { env });
  await run("apt-get", ["-qq", "-y", "--no-install-recommends", "install", ...missing], { env });
  return stillMissing(missing);
}

async function stillMissing(names: readonly string[]): Promise<string[]> {
  const there = await Promise.all(names.map(onPath));
  return names.filter((_, index) => !there[index]);
}
