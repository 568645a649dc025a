import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshConnection } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { exitCode, startSsh } from "./openssh";

/** A port of a server's loopback, reached through a port of this machine's own. */
export interface Tunnel {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

export interface TunnelOptions {
  /** Port of 127.0.0.1; a free one where it isn't said. */
  readonly localPort?: number;
  /** Is told when the connection is lost, with the reason, and when it is there again, with nothing. */
  readonly onChange?: (lost?: string) => void;
}

/** Milliseconds between attempts to connect again. */
const PAUSE = 1_000;

/** What the server runs: it ends when this process does, however that was, since its stdin ends then. */
const HOLD = "echo connected; exec cat >/dev/null";

/** Seconds of silence, three times, after which a line counts as dead. */
const KEEPALIVE = ["-o", "ServerAliveInterval=5"];

/**
 * Opens a tunnel to a port of the server's own loopback. The local port stays the same where the connection is lost: it is made
 * again, and who connects meanwhile is hung up on.
 *
 * @throws UserError where the server can't be reached, or the local port is taken
 */
export async function openTunnel(
  server: SshConnection,
  remotePort: number,
  options: TunnelOptions = {},
): Promise<Tunnel> {
  const tunnel = new SshTunnel(server, remotePort, options);
  try {
    await tunnel.open();
  } catch (error) {
    await tunnel.close();
    throw error;
  }
  return tunnel;
}

class SshTunnel implements Tunnel {
  port = 0;
  /** OpenSSH listens on a socket in a folder that nobody else may enter. */
  private readonly folder = mkdtempSync(join(tmpdir(), "queuehost-tunnel-"));
  private readonly socket = join(this.folder, "socket");
  private readonly sockets = new Set<Socket>();
  private readonly stopped = new AbortController();
  private readonly listener: Server = createServer({ allowHalfOpen: true }, (socket) => this.pass(socket));
  private ssh: ChildProcess | undefined;
  private readonly removeFolder = () => rmSync(this.folder, { recursive: true, force: true });

  constructor(
    private readonly server: SshConnection,
    private readonly remotePort: number,
    private readonly options: TunnelOptions,
  ) {
    process.on("exit", this.removeFolder);
  }

  async open(): Promise<void> {
    const { localPort = 0 } = this.options;
    this.listener.listen(localPort, "127.0.0.1");
    await once(this.listener, "listening").catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`Port ${localPort} of this machine can't be used: ${error.code ?? error.message}`);
    });
    const address = this.listener.address();
    this.port = address !== null && typeof address === "object" ? address.port : 0;
    this.watch(await this.connect());
  }

  /** Starts OpenSSH and waits until it is logged in. */
  private async connect(): Promise<ChildProcess> {
    const forward = `${this.socket}:127.0.0.1:${this.remotePort}`;
    const ssh = await startSsh(this.server, {
      options: [...KEEPALIVE, "-o", "StreamLocalBindUnlink=yes", "-o", "ExitOnForwardFailure=yes", "-L", forward],
      command: HOLD,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ssh = ssh;
    ssh.stdin?.on("error", () => {});
    let said = "";
    ssh.stderr?.on("data", (text) => {
      said = `${said}${text}`.slice(-2000);
    });
    const connected = ssh.stdout === null ? undefined : once(ssh.stdout, "data");
    const ended = exitCode(ssh);
    await Promise.race([connected, ended]);
    if (ssh.exitCode === null && ssh.signalCode === null) return ssh;
    const { user = "root", host, port = 22 } = this.server;
    throw new UserError(`can't connect to ${user}@${host}:${port}: ${lastLine(said) || "ssh gave no reason"}`);
  }

  private watch(ssh: ChildProcess): void {
    let said = "";
    ssh.stderr?.on("data", (text) => {
      said = `${said}${text}`.slice(-2000);
    });
    void exitCode(ssh).then(() => this.again(lastLine(said) || "ssh has ended"));
  }

  private async again(reason: string): Promise<void> {
    if (this.stopped.signal.aborted) return;
    for (const socket of this.sockets) socket.destroy();
    this.options.onChange?.(reason);
    while (!this.stopped.signal.aborted) {
      try {
        await sleep(PAUSE, undefined, { signal: this.stopped.signal });
        this.watch(await this.connect());
        this.options.onChange?.();
        return;
      } catch {
        // Not yet, or closed.
      }
    }
  }

  private pass(socket: Socket): void {
    const through = createConnection({ path: this.socket, allowHalfOpen: true });
    for (const [one, other] of [
      [socket, through],
      [through, socket],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => this.sockets.delete(one) && other.destroySoon());
      one.pipe(other);
    }
  }

  async close(): Promise<void> {
    this.stopped.abort();
    for (const socket of this.sockets) socket.destroy();
    if (this.listener.listening) await new Promise((closed) => this.listener.close(closed));
    this.ssh?.stdin?.end();
    if (this.ssh !== undefined) {
      this.ssh.kill();
      await exitCode(this.ssh);
    }
    process.off("exit", this.removeFolder);
    this.removeFolder();
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.replace(/\r$/, "") ?? "";
