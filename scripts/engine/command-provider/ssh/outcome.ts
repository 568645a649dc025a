import type { Ended } from "../process";

/** How an attempt to run something over SSH ended. */
export type Outcome =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "hostKey"; readonly reason: string }
  | { readonly kind: "privateKey"; readonly reason: string }
  | { readonly kind: "client"; readonly reason: string };

// A line that ssh logs only because LogVerbose asks for it: `sshconnect2.c:userauth():640 (pid=7): Permission denied ...`.
const ORIGIN = /^(debug\d: )?[\w-]+\.c:\S+ \(pid=\d+\): /;

/**
 * Reads from ssh's own log how an attempt ended. Its exit code isn't enough: 255 stands for a failed connection as well as for
 * a command that ended with 255.
 */
export function outcome(ended: Ended, log: string): Outcome {
  if (ended.cancelled) return { kind: "cancelled" };
  const lines = log.split(/\r?\n/).filter((line) => line.trim() !== "");
  const said = lines.filter((line) => !line.startsWith("debug")).map((line) => line.replace(ORIGIN, ""));
  const find = (pattern: RegExp) => said.map((line) => pattern.exec(line)?.[1]).find((match) => match !== undefined);

  if (find(/^(Authenticated to )/) === undefined) {
    if (find(/^(Host key verification failed|.*no matching host key type found)/) !== undefined) {
      const sent = find(/^(SHA256:\S+?)\.?$/);
      return {
        kind: "hostKey",
        reason: sent ? `it shows ${sent}` : (find(/(no matching host key .*)/) ?? "it shows another"),
      };
    }
    const option = find(/Bad configuration option: (\S+)/);
    if (option !== undefined) return { kind: "client", reason: option };
    const unreadable = find(/^Load key ".*": (.*)/);
    if (unreadable !== undefined) return { kind: "privateKey", reason: unreadable };
    return { kind: "unreachable", reason: last(said) };
  }
  // ssh logs -1 where the server sent no status: a signal ended the command, or the connection ended first.
  const status = lines.map((line) => /: Exit status (\d+)$/.exec(line)?.[1]).find((match) => match !== undefined);
  if (status !== undefined) return { kind: "exited", code: Number(status) };
  if (lines.some((line) => line.includes("rtype exit-signal"))) return { kind: "signalled" };
  return { kind: "lost", reason: last(said) };
}

/** What sftp itself said, without the log of the ssh that it runs. Creating a folder that is there already is no news. */
export function sftpComplaints(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== "" && !ORIGIN.test(line));
  return lines.filter((line) => !/^remote mkdir .*: Failure$/.test(line)).join("\n");
}

/** The last thing said that says why. */
function last(said: readonly string[]): string {
  const idle = /^(Authenticated to|Transferred:|Bytes per second:|Connection closed\.?$|[A-Z]+: $)/;
  const reason = said.filter((line) => !idle.test(line)).at(-1) ?? "ssh gave no reason";
  return reason.replace(/^(ssh|[^\s:@]+@\S+): /, "").replace(/\.$/, "");
}
