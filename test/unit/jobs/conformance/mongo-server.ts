import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server as Listener, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../support/free-port";
import { waitFor } from "../../../support/wait-for";
import type { Server } from "./harness";

const given = process.env.MONGODB_URL ?? "";
const installed = spawnSync("mongod", ["--version"]).status === 0;

/** For `conforms`: why no MongoDB can be had. */
export const mongo = { missing: given === "" && !installed ? "no mongod on this machine, and no MONGODB_URL" : "" };

/** A MongoDB of one test file, or the one of MONGODB_URL; behind a relay, which is what fails. */
export async function startMongo(): Promise<Server> {
  const { url, stop } = given === "" ? await startMongod() : { url: given, stop: () => {} };
  const through = new URL(url);
  const relay = new Relay(Number(through.port || 27_017), through.hostname, await freePort());
  await relay.start();
  through.host = `127.0.0.1:${relay.port}`;
  if (through.pathname.length < 2) through.pathname = "/conformance";
  const address = through.href;
  const collection = `conformance_${process.pid}`;
  const env = { QUEUE_PROVIDER: "agenda", MONGODB_URL: address, QUEUE_COLLECTION: collection };
  const remove = async () => {
    const { MongoClient } = await import("@agendajs/mongo-backend");
    const client = await new MongoClient(address).connect();
    await client.db().collection(collection).drop();
    await client.close();
    await relay.kill();
    stop();
  };
  return Object.assign(relay, { env, remove });
}

async function startMongod(): Promise<{ url: string; stop: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-mongo-"));
  const port = await freePort();
  const args = ["--dbpath", folder, "--port", String(port), "--bind_ip", "127.0.0.1", "--quiet"];
  const child = spawn("mongod", args, { stdio: "ignore" });
  const stop = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor("mongod answers", () => reaches(port), 30);
  return { url: `mongodb://127.0.0.1:${port}`, stop };
}

async function reaches(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}

/** Passes connections on, until it is away or silent. */
class Relay {
  private listener: Listener | undefined;
  private readonly sockets = new Set<Socket>();
  private frozen = false;

  constructor(
    private readonly to: number,
    private readonly host: string,
    readonly port: number,
  ) {}

  async start(): Promise<void> {
    this.listener = createServer((socket) => this.pass(socket)).listen(this.port, "127.0.0.1");
    await once(this.listener, "listening");
  }

  async kill(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    listener?.close();
    for (const socket of this.sockets) socket.destroy();
  }

  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  private pass(socket: Socket): void {
    const server = connect(this.to, this.host);
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.sockets.add(one);
      one.on("data", (chunk) => other.write(chunk));
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
      if (this.frozen) one.pause();
    }
  }
}
