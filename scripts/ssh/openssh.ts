import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { SshConnection } from "../engine/command-provider";
import { ALIAS, knownHosts, pinned } from "../engine/command-provider/ssh/argv";
import { UserError } from "../lib/errors";

export interface Ssh {
  /** Arguments before the host, such as `-t` or `-L ...`. */
  readonly options?: readonly string[];
  /** What the server runs; without it, a login shell. */
  readonly command?: string;
  /** stdin, stdout and stderr. */
  readonly stdio: readonly ["inherit" | "pipe" | "ignore", "inherit" | "pipe", "inherit" | "pipe"];
}

/** Seconds for which the agent holds the key, where no connection comes of it. */
const KEY_SECONDS = 60;

/** The key comes over file descriptor 3, so that it is in no argument, no variable and no file. */
const WITH_KEY = `ssh-add -q -t ${KEY_SECONDS} - <&3 && exec 3<&- && exec "$@"`;

/**
 * Starts OpenSSH on a server, with the deployment's key and the pinned host key. Neither touches the disk: an agent of its own
 * holds the key, ends as soon as ssh is logged in, and ends with ssh where it never is, even if this process is killed.
 *
 * @throws UserError where OpenSSH isn't installed
 */
export async function startSsh(
  connection: SshConnection,
  { options = [], command, stdio }: Ssh,
): Promise<ChildProcess> {
  const [, type, key] = knownHosts(connection).trim().split(" ");
  const argv = [
    "ssh",
    ...options,
    ...pinned(connection),
    ...["UserKnownHostsFile=none", `KnownHostsCommand=/bin/echo ${ALIAS} ${type} ${key}`].flatMap((one) => ["-o", one]),
    ...["IdentityFile=none", "BatchMode=yes", "LogLevel=ERROR"].flatMap((one) => ["-o", one]),
    ...["PermitLocalCommand=yes", "LocalCommand=kill $SSH_AGENT_PID"].flatMap((one) => ["-o", one]),
    "--",
    ALIAS,
    ...(command === undefined ? [] : [command]),
  ];
  const all: StdioOptions = [...stdio, "pipe"];
  const child = spawn("ssh-agent", ["sh", "-c", WITH_KEY, "sh", ...argv], { stdio: all });
  const started = once(child, "spawn").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new UserError("ssh-agent isn't installed; on Debian: apt-get install openssh-client");
  });
  const pipe = child.stdio[3];
  // Who ends before having read it, says by itself why. Not left open: the agent has the other end for as long as it lives.
  if (pipe && "write" in pipe)
    pipe.on("error", () => {}).end(`${connection.privateKey.trimEnd()}\n`, () => pipe.destroy());
  await started;
  return child;
}

/** How a child process ended, as a shell tells it: 128 and the signal's number, where one ended it. All it said is read by then. */
export async function exitCode(child: ChildProcess): Promise<number> {
  const over = [child.stdout, child.stderr].filter((stream) => stream !== null && !stream.closed);
  await Promise.all([
    ...over.map((stream) => stream && once(stream, "close")),
    child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined,
  ]);
  if (child.exitCode !== null) return child.exitCode;
  return 128 + (child.signalCode === null ? 0 : constants.signals[child.signalCode]);
}
