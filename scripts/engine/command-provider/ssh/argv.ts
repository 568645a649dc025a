import type { SshConnection } from "./connection";

/** Files of one session, in a folder that nobody else may read. */
export interface SessionFiles {
  readonly identity: string;
  readonly knownHosts: string;
}

/** The name that stands for the server in OpenSSH's arguments and in the known_hosts file; its address is an option. */
export const ALIAS = "server";

/** Seconds between keepalives, and how many may go unanswered: a dead line is noticed within a minute. */
const KEEPALIVE_SECONDS = 15;
const KEEPALIVE_COUNT = 3;

/** The only line of a session's known_hosts file. */
export function knownHosts({ hostKey }: SshConnection): string {
  const [type, key] = hostKey.trim().split(/\s+/);
  return `${ALIAS} ${type} ${key}\n`;
}

/** Arguments of `ssh` that run a command. `sent` names the variables of ssh's own environment to offer to the server. */
export function sshArgs(
  connection: SshConnection,
  files: SessionFiles,
  log: string,
  command: string,
  sent: readonly string[] = [],
): string[] {
  const sends = sent.flatMap((name) => ["-o", `SendEnv=${name}`]);
  return [...options(connection, files), "-o", "RequestTTY=no", ...sends, "-E", log, "--", ALIAS, command];
}

/** Arguments of `sftp` that run a batch from standard input. */
export function sftpArgs(connection: SshConnection, files: SessionFiles): string[] {
  return ["-b", "-", ...options(connection, files), ALIAS];
}

/** The batch that uploads a file, and creates the folders that lead to it. */
export function uploadBatch(source: string, remotePath: string): string {
  const steps = remotePath.split("/").slice(0, -1);
  const folders = steps.map((_, i) => steps.slice(0, i + 1).join("/")).filter((folder) => !/^(|\.|\.\.)$/.test(folder));
  // A leading dash lets a line fail: most of the folders are there already.
  return [...folders.map((folder) => `-mkdir ${quote(folder)}`), `put ${quote(source)} ${quote(remotePath)}`, ""].join(
    "\n",
  );
}

/**
 * No configuration but this one, no key but this one, no question to anybody. At level ERROR ssh keeps the server's banner out
 * of the command's stderr; the two source files of LogVerbose (OpenSSH 8.5) still log what tells how the attempt ended.
 */
function options(connection: SshConnection, files: SessionFiles): string[] {
  return [
    ...pinned(connection),
    ...set({
      UserKnownHostsFile: `"${literal(files.knownHosts)}"`,
      IdentityFile: `"${literal(files.identity)}"`,
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
      BatchMode: "yes",
      LogLevel: "ERROR",
      LogVerbose: "sshconnect2.c:*,clientloop.c:*",
    }),
  ];
}

/** Options of OpenSSH that reach a machine by its pinned host key, whatever else is configured on this one. */
export function pinned({ host, port, user, hostKey, perDialTimeout }: SshConnection): string[] {
  const timeout = perDialTimeout ?? 15;
  return [
    "-F",
    "none",
    ...set({
      HostName: literal(host),
      Port: String(port ?? 22),
      User: user ?? "root",
      HostKeyAlias: ALIAS,
      HostKeyAlgorithms: hostKeyAlgorithms(hostKey),
      StrictHostKeyChecking: "yes",
      GlobalKnownHostsFile: "none",
      UpdateHostKeys: "no",
      CheckHostIP: "no",
      PreferredAuthentications: "publickey",
      ControlPath: "none",
      ...(timeout > 0 ? { ConnectTimeout: String(timeout) } : {}),
      ServerAliveInterval: String(KEEPALIVE_SECONDS),
      ServerAliveCountMax: String(KEEPALIVE_COUNT),
    }),
  ];
}

const set = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([key, value]) => ["-o", `${key}=${value}`]);

/** An RSA key is one type of key with several signatures; SHA-1 is not among those asked for. */
function hostKeyAlgorithms(hostKey: string): string {
  const type = hostKey.trim().split(/\s+/)[0] ?? "";
  return type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type;
}

/** OpenSSH replaces tokens such as %h in these options. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** One word of an sftp batch. */
function quote(word: string): string {
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}
