import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Kernel settings that move by themselves, or belong to interfaces of others. */
const RESTLESS =
  /^(fs\.(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota)|kernel\.(random|ns_last_pid|pty\.nr|sched_domain)|net\.netfilter\.nf_conntrack_count|net\.(ipv4|ipv6)\.(conf|neigh)\.(veth|br-|docker|qh)|net\.(core|mptcp|sctp).*random|dev\.)/;

export function sysctls(): string[] {
  const read = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return read(path);
      const key = path.slice("/proc/sys/".length).replaceAll("/", ".");
      if (RESTLESS.test(key)) return [];
      try {
        return [`${key} = ${readFileSync(path, "utf8").trim()}`];
      } catch {
        return [];
      }
    });
  return read("/proc/sys");
}

/** Units of the computer's own systemd come and go: timers, logins. Docker's containers are told by their name. */
const UNIT = /\/(user|system)\.slice\/(?!docker-)/;

export function cgroups(folder = "/sys/fs/cgroup"): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(folder, entry.name);
    if (UNIT.test(path)) return [];
    try {
      return [path, ...cgroups(path)];
    } catch {
      return [];
    }
  });
}

interface Process {
  readonly parent: string;
  readonly line: string;
  readonly marked: boolean;
}

function processOf(pid: string, mark: string): Process | undefined {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8");
    const status = read("status");
    // What has ended stays listed where no init asks how it went.
    if (/^State:\s+Z/m.test(status)) return undefined;
    const command = read("cmdline").replaceAll("\0", " ").trim();
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1] ?? "";
    const cgroup = read("cgroup").replaceAll(/\n\d+:/g, " ");
    return { parent, line: `${pid} ${command} ${cgroup}`, marked: read("environ").includes(mark) };
  } catch {
    return undefined;
  }
}

/**
 * The processes that a twin can be answerable for: those that carry the mark in their environment, wherever they have ended
 * up, and all that Docker has started, whoever asked for it.
 */
export function processes(mark: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const all = new Map(pids.map((pid) => [pid, processOf(pid, mark)]));
  const isDockers = (process: Process | undefined): boolean =>
    process !== undefined &&
    (/^\d+ (\S*\/)?(dockerd|containerd|containerd-shim\S*|docker-proxy) /.test(process.line) ||
      isDockers(all.get(process.parent)));
  return [...all.values()].flatMap((process) =>
    process && (process.marked || isDockers(process)) ? [process.line] : [],
  );
}
