import { run } from "../lib/run";

/** A process, as ps lists it. */
export interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

/**
 * Ends programs that run for a stack without an engine: the language host of one that was killed doesn't notice, and the program
 * in it goes on trying to reach it, with a whole core and ever more memory.
 *
 * @returns the processes
 */
export async function endStrays(stack: string): Promise<number[]> {
  const { exitCode, stdout } = await run("ps", ["-A", "-ww", "-o", "pid=,ppid=,pgid=,args="]);
  // A computer without ps has to live with them.
  const strays = exitCode === 0 ? straysIn(readList(stdout), stack) : [];
  for (const { group } of strays)
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It ended in the meantime, or is somebody else's.
    }
  return strays.map(({ pid }) => pid);
}

/** The programs of a stack whose language host, a process group of its own, has lost its engine. */
export function straysIn(list: readonly Listed[], stack: string): Listed[] {
  const byPid = new Map(list.map((one) => [one.pid, one]));
  const name = stack.split("/").at(-1);
  return list.filter(({ parent, command }) => {
    const words = command.split(" ");
    if (!words.some((word) => word.endsWith("@pulumi/pulumi/cmd/run/index.js"))) return false;
    if (words[words.indexOf("--stack") + 1] !== name) return false;
    const host = byPid.get(parent);
    if (host === undefined || !/(^|\/)pulumi-language-nodejs( |$)/.test(host.command)) return false;
    return !/(^|\/)pulumi( |$)/.test(byPid.get(host.parent)?.command ?? "");
  });
}

function readList(text: string): Listed[] {
  return [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, parent, group, command = ""]) => ({
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    command,
  }));
}
