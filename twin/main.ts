import { existsSync, renameSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import type { FastifyInstance } from "fastify";
import { api } from "./api";
import { hostKey } from "./boxes/host-key";
import { engine, requireEngine } from "./docker/engine";
import { Machines } from "./machines/machines";
import { names } from "./machines/names";
import { metadata } from "./metadata";
import { Store } from "./store";
import { type Log, Twin } from "./twin";
import { now, reconcile, watch } from "./watch";

/** The process of the twin. `client.ts` starts it; by hand: TWIN_TOKEN=... tsx twin/main.ts --state DIR --port N --image TAG */
const log: Log = {
  info: (message) => console.log(`${new Date().toISOString()} ${message}`),
  warn: (message) => console.log(`${new Date().toISOString()} WARN ${message}`),
};

/** How long the end waits for a change to the host's network; a change takes half a second. */
const SETTLE_MS = 5_000;

/** How often it looks whether its folder is still there. */
const LOST_MS = 2_000;

interface Options {
  readonly state: string;
  readonly port: number;
  readonly image: string;
}

async function serve({ state, port, image }: Options): Promise<void> {
  const token = process.env.TWIN_TOKEN;
  if (!token) throw new Error("TWIN_TOKEN: expected the token that clients will present, got nothing");
  const docker = engine();
  await requireEngine(docker);
  const store = Store.open(state);
  hostKey(state);
  const twin = new Twin(store, new Machines(docker, names(state), image), log);
  const stopping = new AbortController();
  // The network comes first: its bridge has the address on which the metadata service listens.
  store.state.network = await twin.machines.network(store.state);
  const inside = metadata(twin);
  await inside.listen({ host: twin.network.gateway, port: 0 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRNOTAVAIL") throw error;
    throw new Error(
      `${twin.network.gateway}, the address of Docker's bridge, is not on this computer: the twin needs an engine that runs here, not in a virtual machine or elsewhere`,
    );
  });
  twin.metadataPort = portOf(inside);
  twin.trapPorts = await twin.trap.listen(twin.network.gateway);
  twin.trap.answer = store.state.trap?.answer ?? twin.trap.answer;
  const since = now();
  await reconcile(twin);
  twin.resume();
  const app = api(twin, token);
  await app.listen({ host: "127.0.0.1", port });
  const watching = watch(twin, since, stopping.signal);
  const file = join(state, "twin.json");
  const own = { pid: process.pid, port: portOf(app), image, gateway: twin.network.gateway };
  writeFileSync(`${file}.new`, `${JSON.stringify(own)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  log.info(`twin ${twin.machines.names.id} answers on http://127.0.0.1:${own.port}/v1`);
  // Whoever deletes the folder has nothing left by which this could be ended.
  setInterval(() => {
    if (!existsSync(file)) process.exit(1);
  }, LOST_MS).unref();
  // Machines go on running; what is under way is taken up by the next start.
  const stop = async () => {
    stopping.abort();
    await Promise.all([app.close(), inside.close(), twin.trap.close(), watching]);
    await Promise.race([twin.machines.settled(), sleep(SETTLE_MS)]);
    store.save();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

const portOf = (app: FastifyInstance) => (app.server.address() as AddressInfo).port;

const parsePort = (text: string) => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new InvalidArgumentError("should be a number from 0 to 65535");
  return port;
};

const program = new Command("twin")
  .requiredOption("--state <folder>", "where the twin keeps its state")
  .requiredOption("--port <number>", "port of the API on 127.0.0.1", parsePort)
  .requiredOption("--image <tag>", "Docker image of the machines")
  .action((options: Options) => {
    serve(options).catch((error: Error) => {
      console.log(`FATAL ${error.message}`);
      process.exit(1);
    });
  });
program.parse();
