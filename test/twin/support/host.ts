import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { cgroups, processes, sysctls } from "./kernel";

const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 * 2 ** 20 }).toString();

/** What a computer looks like from outside its machines. */
export interface HostView {
  readonly sysctls: readonly string[];
  readonly cgroups: readonly string[];
  readonly firewall: readonly string[];
  readonly interfaces: readonly string[];
  readonly processes: readonly string[];
  readonly docker: readonly string[];
}

/** Every rule with the table and the chain that it stands in, without what it has counted. */
function firewall(): string[] {
  const rules = (program: string, ...args: string[]) => {
    if (!["/usr/sbin", "/sbin", "/usr/bin"].some((folder) => existsSync(join(folder, program)))) return [];
    const blocks: string[] = [];
    return output(program, ...args)
      .replace(/(counter packets) \d+ bytes \d+|\[\d+:\d+\]|^#.*$/gm, "$1")
      .split("\n")
      .flatMap((line) => {
        const words = line.trim();
        if (words === "}") blocks.pop();
        // iptables-save heads a table with *NAME and ends it with COMMIT.
        else if (words.startsWith("*")) blocks.splice(0, 1, words);
        const found = words === "" || words === "}" ? [] : [[program, ...blocks, words].join(" | ")];
        if (words.endsWith("{")) blocks.push(words.slice(0, -2));
        return found;
      });
  };
  return [...rules("nft", "list", "ruleset"), ...rules("iptables-save"), ...rules("ip6tables-save")];
}

/** Every interface with the bridge that it is on: a machine's has a random name. */
function interfaces(): string[] {
  return readdirSync("/sys/class/net").map((name) => {
    try {
      return `${name} on ${basename(readlinkSync(`/sys/class/net/${name}/master`))}`;
    } catch {
      return name;
    }
  });
}

/** @param mark as for `processes` */
export function lookAtHost(mark: string): HostView {
  return {
    sysctls: sysctls(),
    cgroups: cgroups(),
    firewall: firewall(),
    interfaces: interfaces(),
    processes: processes(mark),
    docker: [
      ...output("docker", "ps", "-a", "--no-trunc", "--format", "container {{.ID}} {{.Names}}").split("\n"),
      ...output("docker", "network", "ls", "--format", "network {{.Name}}").split("\n"),
      ...output("docker", "volume", "ls", "--format", "volume {{.Name}}").split("\n"),
    ],
  };
}

/** What is in one view and not in the other, or another number of times, by what it is part of. */
export function differences(before: HostView, after: HostView): Record<keyof HostView, string[]> {
  const surplus = (of: readonly string[], over: readonly string[], sign: string) => {
    const left = new Map<string, number>();
    for (const line of over) left.set(line, (left.get(line) ?? 0) + 1);
    return of.flatMap((line) => {
      const count = left.get(line) ?? 0;
      left.set(line, count - 1);
      return count > 0 ? [] : [`${sign} ${line}`];
    });
  };
  const changed = (key: keyof HostView) => [
    ...surplus(after[key], before[key], "+"),
    ...surplus(before[key], after[key], "-"),
  ];
  return {
    sysctls: changed("sysctls"),
    cgroups: changed("cgroups"),
    firewall: changed("firewall"),
    interfaces: changed("interfaces"),
    processes: changed("processes"),
    docker: changed("docker"),
  };
}

/**
 * Tells lines that are about other twins or other containers: others may use this computer at the same time.
 *
 * @param since the time, in seconds, from which containers that are gone by now are known too
 */
export function othersThan(id: string, since: number): (line: string) => boolean {
  const format = '{{.ID}} {{.Label "queuehost.twin"}}';
  const present = output("docker", "ps", "-a", "--no-trunc", "--format", format).split("\n");
  const eventFormat = '{{.Actor.ID}} {{index .Actor.Attributes "queuehost.twin"}}';
  const until = String(Math.ceil(Date.now() / 1000));
  const window = ["--since", String(since), "--until", until, "--filter", "type=container"];
  const gone = output("docker", "events", ...window, "--format", eventFormat).split("\n");
  const foreign = new Set(
    [...present, ...gone]
      .map((line) => line.split(" "))
      .filter(([container, twin]) => container && twin !== id)
      .map(([container = ""]) => container),
  );
  return (line) =>
    [...line.matchAll(/\b(?:queuehost-|queuehost_|qh-)([0-9a-f]{6})\b/g)].some(([, other]) => other !== id) ||
    [...line.matchAll(/\b[0-9a-f]{64}\b/g)].some(([container]) => foreign.has(container));
}
