import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { openBackend, openWorker, sandbox, type TestBackend, type TestWorker } from "../../support/backend";
import { RedisServer } from "../../support/redis-server";

export const TOKENS = { viewer: "viewer-token-of-the-tests", operator: "operator-token-of-the-tests" };

/** The application with all that it needs, behind a line that can be cut. */
export class Site {
  private constructor(
    readonly url: string,
    readonly backend: TestBackend,
    private readonly worker: TestWorker,
    private readonly line: Line,
    private readonly redis: RedisServer,
    private readonly removeState: () => void,
  ) {}

  static async start(): Promise<Site> {
    const redis = await RedisServer.start();
    const { config, remove } = sandbox({
      REDIS_PORT: redis.port,
      API_TOKENS: Object.entries(TOKENS)
        .map((pair) => pair.join(":"))
        .join(","),
      QUEUE_DEFAULT_BACKOFF: 50,
    });
    const backend = await openBackend(config);
    const worker = await openWorker(config);
    await backend.app.listen({ host: "127.0.0.1", port: 0 });
    const line = await Line.to(portOf(backend.app.server));
    return new Site(`http://127.0.0.1:${line.port}`, backend, worker, line, redis, remove);
  }

  get jobs() {
    return this.backend.jobs;
  }

  /** Nobody reaches the backend any more, and who is connected isn't told more than that. */
  cut(): void {
    this.line.cut();
  }

  mend(): void {
    this.line.mend();
  }

  async remove(): Promise<void> {
    await this.line.close();
    await this.worker.stop(0);
    await this.backend.close();
    await this.redis.remove();
    this.removeState();
  }
}

/** A TCP connection that goes through here. */
class Line {
  private isCut = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(port: number): Promise<Line> {
    const server = createServer((client) => line.pass(client, port)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const line = new Line(server, portOf(server));
    return line;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, "close");
  }

  private pass(client: Socket, port: number): void {
    if (this.isCut) return void client.destroy();
    const upstream = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.once("close", () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => other.destroy());
    }
    client.pipe(upstream).pipe(client);
  }
}

function portOf(server: Pick<Server, "address">): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
