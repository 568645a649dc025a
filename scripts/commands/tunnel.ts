import { once } from "node:events";
import { Command, InvalidArgumentError } from "commander";
import { UserError } from "../lib/errors";
import { Interrupted } from "../lib/interrupt";
import { Pulumi } from "../lib/pulumi";
import { type ReleaseServer, serverOf } from "../release/server";
import { servePages } from "../ssh/pages";
import { Queues } from "../ssh/queues";
import { assertReachable } from "../ssh/reach";
import { openTunnel } from "../ssh/tunnel";

interface Options {
  readonly stack: string;
  readonly port?: number;
}

/** Ports of the server's loopback, by the names that people use. */
const PORTS: Readonly<Record<string, number>> = { redis: 6379, cache: 6380, postgres: 5432 };
const PAGES = ["board", "metrics"];
/** Milliseconds for which what the server said of its processes is told again. */
const FRESH_MS = 5_000;

/** `queuehost tunnel`: what listens on the server's loopback, on this machine's. */
export const tunnel = new Command("tunnel")
  .description("bring the queues' board and metrics, Redis or any port of the server to localhost")
  .argument("[what...]", "board, metrics, redis, cache, postgres, or ports (default: board and metrics)")
  .requiredOption("--stack <name>", "the stack")
  .option("--port <port>", "port on this machine, for one thing; a free one otherwise", portOf)
  .addHelpText("after", "\nIt goes on until Ctrl-C, and connects again where the connection is lost.")
  .action(async (what: string[], { stack, port }: Options) => {
    const wanted = what.length === 0 ? PAGES : [...new Set(what)];
    const remote = wanted.filter((one) => !PAGES.includes(one)).map((one) => ({ name: one, port: remotePort(one) }));
    const pages = PAGES.filter((one) => wanted.includes(one));
    if (port !== undefined && remote.length + Math.min(pages.length, 1) > 1)
      throw new UserError(`--port: is for one thing at a time, got ${wanted.join(", ")}`);
    const pulumi = Pulumi.of(stack);
    const server = await serverOf(pulumi);
    await assertReachable(stack, server.subject.host);
    const open: { close(): Promise<void> }[] = [];
    const signal = ended();
    try {
      for (const { name, port: at } of remote) {
        const made = await openTunnel(server.subject, at, {
          ...(port === undefined ? {} : { localPort: port }),
          onChange: (lost) => say(lost),
        });
        open.push(made);
        console.log(`${name.padEnd(8)} 127.0.0.1:${made.port}`);
      }
      if (pages.length > 0) open.push(...(await serve(pulumi, server, pages, port ?? 0)));
      console.log("Ctrl-C ends it.");
      await signal;
    } finally {
      for (const one of open.reverse()) await one.close();
    }
    throw new Interrupted("The tunnel is closed.");
  });

/** Board and metrics, over a tunnel to Redis. What is to be closed comes in the order in which it was opened. */
async function serve(pulumi: Pulumi, server: ReleaseServer, pages: readonly string[], port: number) {
  const [password, db] = await Promise.all([
    pulumi.config("queuehost:redis.password"),
    pulumi.config("queuehost:redis.db"),
  ]);
  const redis = await openTunnel(server.subject, 6379, { onChange: (lost) => say(lost) });
  const queues = new Queues({ port: redis.port, password: password ?? "", db: Number(db ?? 0) });
  const served = await servePages({
    board: pages.includes("board"),
    metrics: pages.includes("metrics"),
    queues,
    instances: fresh(async () => (await server.overview()).status.instances),
    title: `${server.subject.expected.APP_NAME ?? "queuehost"} (${pulumi.stack})`,
    port,
  }).catch(async (error) => {
    await queues.close();
    await redis.close();
    throw error;
  });
  const paths = { board: "/board/", metrics: "/metrics" } as const;
  for (const page of ["board", "metrics"] as const)
    if (pages.includes(page)) console.log(`${page.padEnd(8)} http://127.0.0.1:${served.port}${paths[page]}`);
  return [redis, queues, served];
}

/** Asks again only after a while: what asks may be a scraper that comes every second. */
function fresh<T>(ask: () => Promise<readonly T[]>): () => Promise<readonly T[]> {
  let at = 0;
  let known: Promise<readonly T[]> | undefined;
  return () => {
    if (known === undefined || Date.now() - at > FRESH_MS) {
      at = Date.now();
      // Queues are to be seen even where nothing is deployed yet.
      known = ask().catch(() => []);
    }
    return known;
  };
}

const say = (lost?: string) =>
  console.error(lost === undefined ? "Connected again." : `The connection is lost (${lost}); connecting again.`);

async function ended(): Promise<void> {
  await Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => once(process, signal)));
}

function remotePort(text: string): number {
  const known = PORTS[text];
  if (known !== undefined) return known;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new UserError(
    `There is nothing that is called ${text}. Known are: ${[...PAGES, ...Object.keys(PORTS)].join(", ")}, and any port`,
  );
}

function portOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError(`should be a port from 1 to 65535, got ${text}`);
  return value;
}
