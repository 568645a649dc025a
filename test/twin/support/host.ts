import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Kernel settings that move by themselves, or belong to interfaces of others. */
const RESTLESS =
  /^(fs\.(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota)|kernel\.(random|ns_last_pid|pty\.nr|sched_domain)|net\.netfilter\.nf_conntrack_count|net\.(ipv4|ipv6)\.(conf|neigh)\.(veth|br-|docker|qh)|net\.(core|mptcp|sctp).*random|dev\.)/;

const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 * 2 ** 20 }).toString();

function sysctls(): string[] {
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

function cgroups(folder = "/sys/fs/cgroup"): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(folder, entry.name);
    try {
      return [path, ...cgroups(path)];
    } catch {
      return [];
    }
  });
}

function processes(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n")[0];
        return [`${pid} ${command} ${cgroup}`];
      } catch {
        return [];
      }
    });
}

/** What a computer looks like from outside its machines. */
export interface HostView {
  readonly sysctls: readonly string[];
  readonly cgroups: readonly string[];
  readonly firewall: readonly string[];
  readonly interfaces: readonly string[];
  readonly processes: readonly string[];
  readonly docker: readonly string[];
}

export function lookAtHost(): HostView {
  const rules = (program: string, ...args: string[]) => {
    if (!["/usr/sbin", "/sbin", "/usr/bin"].some((folder) => existsSync(join(folder, program)))) return [];
    return output(program, ...args)
      .replace(/(counter packets) \d+ bytes \d+|\[\d+:\d+\]|^#.*$/gm, "$1")
      .split("\n");
  };
  return {
    sysctls: sysctls(),
    cgroups: cgroups(),
    firewall: [...rules("nft", "list", "ruleset"), ...rules("iptables-save"), ...rules("ip6tables-save")],
    interfaces: readdirSync("/sys/class/net"),
    processes: processes(),
    docker: [
      ...output("docker", "ps", "-a", "--no-trunc", "--format", "container {{.ID}} {{.Names}}").split("\n"),
      ...output("docker", "network", "ls", "--format", "network {{.Name}}").split("\n"),
      ...output("docker", "volume", "ls", "--format", "volume {{.Name}}").split("\n"),
    ],
  };
}

/** The lines that are in one view and not in the other, by what they are part of. */
export function differences(before: HostView, after: HostView): Record<keyof HostView, string[]> {
  const changed = (key: keyof HostView) => {
    const old = new Set(before[key]);
    const now = new Set(after[key]);
    return [
      ...after[key].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
      ...before[key].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ];
  };
  return {
    sysctls: changed("sysctls"),
    cgroups: changed("cgroups"),
    firewall: changed("firewall"),
    interfaces: changed("interfaces"),
    processes: changed("processes"),
    docker: changed("docker"),
  };
}
