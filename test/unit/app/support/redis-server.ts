import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../../support/free-port";
import { waitFor } from "../../../support/wait-for";

const installed = spawnSync("redis-server", ["--version"]).status === 0;

/** For `describe.skipIf`, and part of the name: a skipped test says why. */
export const redis = { missing: !installed, note: installed ? "" : " (skipped: no redis-server on this machine)" };

export interface RedisOptions {
  password?: string;
  /** Lines of an aclfile. Not together with a password. */
  acl?: string[];
}

/** A real Redis of one test file: its own process, port and folder; what it acknowledged outlives a kill. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: RedisOptions,
  ) {}

  /** Reserves port and folder; nothing runs yet. */
  static async prepare(options: RedisOptions = {}): Promise<RedisServer> {
    return new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), "queuehost-redis-")), options);
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = await RedisServer.prepare(options);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder, "--save", ""];
    args.push("--appendonly", "yes", "--appendfsync", "always");
    if (this.options.password) args.push("--requirepass", this.options.password);
    if (this.options.acl) {
      const file = join(this.folder, "users.acl");
      writeFileSync(file, `${this.options.acl.join("\n")}\n`);
      args.push("--aclfile", file);
    }
    this.process = spawn("redis-server", args, { stdio: "ignore" });
    await waitFor(`redis-server answers on ${this.port}`, () => accepts(this.port));
  }

  /** Ends it the hard way, as a crash does. */
  async kill(): Promise<void> {
    const { process } = this;
    this.process = undefined;
    if (!process || process.exitCode !== null) return;
    const gone = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await gone;
  }

  /** Sends one command, as the operator would. */
  async command(name: string, ...args: string[]): Promise<unknown> {
    const { password } = this.options;
    const client = new Redis({ port: this.port, ...(password ? { password } : {}) });
    return await client.call(name, ...args).finally(() => client.disconnect());
  }

  /** Stops it from answering, while its port stays open. */
  freeze(): void {
    this.process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.process?.kill("SIGCONT");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
