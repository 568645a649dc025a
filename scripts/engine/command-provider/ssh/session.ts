import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Ended, run } from "../process";
import { knownHosts, type SessionFiles, sftpArgs, sshArgs, uploadBatch } from "./argv";
import type { SshConnection } from "./connection";
import { dial } from "./dial";
import { outcome, sftpComplaints } from "./outcome";

export interface SessionOptions {
  /** Cancels what is running, and waiting between attempts. */
  readonly signal?: AbortSignal;
  /** Told of each failed attempt to connect that is followed by another. */
  readonly onRetry?: (message: string) => void;
}

export interface RunOptions {
  readonly stdin?: string;
  /** Local files that take the place of stdin and stdout: see `Job`. */
  readonly files?: { readonly stdin?: string; readonly stdout?: string };
  /** Variables offered to the server; it takes those that its AcceptEnv names, and keeps silent about the others. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void;
}

export interface Finished {
  /** Exit code, or null when a signal ended the command. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly output: string;
}

/** One machine, reached with one key. Each call is a connection of its own. Throws SshError when it can't be had. */
export interface Session {
  run(command: string, options?: RunOptions): Promise<Finished>;
  /** Copies a local file; into `remotePath` where that is a folder. Throws with sftp's own words when it can't be written. */
  upload(file: string, remotePath: string): Promise<void>;
}

const open = new Set<string>();
process.on("exit", () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

/** Gives `use` a session, and removes the files with its key whatever happens. */
export async function withSsh<T>(
  connection: SshConnection,
  use: (session: Session) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-ssh-"));
  open.add(folder);
  try {
    const files = { identity: join(folder, "identity"), knownHosts: join(folder, "known_hosts") };
    // OpenSSH wants a newline at the end of a key.
    writeFileSync(files.identity, `${connection.privateKey.trimEnd()}\n`, { mode: 0o600 });
    writeFileSync(files.knownHosts, knownHosts(connection), { mode: 0o600 });
    return await use(new OpenSsh(connection, folder, files, options));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    open.delete(folder);
  }
}

class OpenSsh implements Session {
  private runs = 0;

  constructor(
    private readonly connection: SshConnection,
    private readonly folder: string,
    private readonly files: SessionFiles,
    private readonly options: SessionOptions,
  ) {}

  async run(command: string, { stdin = "", files, env = {}, onOutput }: RunOptions = {}): Promise<Finished> {
    const log = join(this.folder, `log-${this.runs++}`);
    const { ended, result } = await dial(this.connection, this.options, async () => {
      rmSync(log, { force: true });
      const argv = ["ssh", ...sshArgs(this.connection, this.files, log, command, Object.keys(env))] as const;
      const ended = await this.openSsh({
        argv,
        env: { ...process.env, ...env },
        stdin,
        ...(files ? { files } : {}),
        ...(onOutput ? { onOutput } : {}),
      });
      return { ended, result: outcome(ended, readIfThere(log) || ended.stderr) };
    });
    const { stdout, stderr, output } = ended;
    return { code: result.kind === "exited" ? result.code : null, stdout, stderr, output };
  }

  async upload(file: string, remotePath: string): Promise<void> {
    if (/[\r\n]/.test(remotePath)) throw new Error("remotePath: should be a path without line breaks");
    // sftp creates a file with the mode that it finds here; the official provider leaves it to the server's umask.
    const source = join(this.folder, String(this.runs++), basename(file));
    mkdirSync(join(source, ".."));
    copyFileSync(file, source);
    chmodSync(source, 0o666);
    const { ended, result } = await dial(this.connection, this.options, async () => {
      const argv = ["sftp", ...sftpArgs(this.connection, this.files)] as const;
      const ended = await this.openSsh({ argv, stdin: uploadBatch(source, remotePath) });
      return { ended, result: outcome(ended, ended.stderr) };
    });
    if (ended.code === 0 && result.kind === "exited") return;
    throw new Error(`can't write ${remotePath} on ${this.connection.host}: ${sftpComplaints(ended.stderr)}`);
  }

  private async openSsh(job: Omit<Parameters<typeof run>[0], "signal">): Promise<Ended> {
    try {
      return await run({ ...job, ...(this.options.signal ? { signal: this.options.signal } : {}) });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT")
        throw new Error(`${job.argv[0]} isn't installed; on Debian: apt-get install openssh-client`);
      if (code === "E2BIG")
        throw new Error("the command is too long for an argument (128 KiB): send the bulk of it as stdin");
      throw error;
    }
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
