import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to Docker that can be shut: to whoever goes through it, the engine has stopped. */
export class EngineProxy {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  constructor(
    readonly path: string,
    private readonly engine = "/var/run/docker.sock",
  ) {}

  open(): Promise<void> {
    rmSync(this.path, { force: true });
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ path: this.engine, allowHalfOpen: true });
      for (const [one, other] of [
        [client, engine],
        [engine, client],
      ] as const) {
        this.sockets.add(one);
        one.on("error", () => other.destroy()).on("close", () => this.sockets.delete(one));
        one.pipe(other);
      }
    });
    return new Promise((settle) => this.server?.listen(this.path, settle));
  }

  async close(): Promise<void> {
    const closed = new Promise((settle) => (this.server ? this.server.close(settle) : settle(undefined)));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    rmSync(this.path, { force: true });
  }
}
