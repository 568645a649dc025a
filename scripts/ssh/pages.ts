import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { UserError } from "../lib/errors";
import type { Instance } from "../release/records";
import { metricsPage } from "./metrics";
import type { Queues } from "./queues";

export interface Pages {
  readonly board: boolean;
  readonly metrics: boolean;
  readonly queues: Queues;
  /** What runs on the server. */
  readonly instances: () => Promise<readonly Instance[]>;
  /** Title of the board. */
  readonly title: string;
  /** Port of 127.0.0.1; 0 for a free one. */
  readonly port: number;
}

export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds between two looks for new queues. */
const LOOK_MS = 10_000;

/**
 * Serves Bull Board at /board and the metrics at /metrics, on loopback alone.
 *
 * @throws UserError where the port is taken
 */
export async function servePages({ board, metrics, queues, instances, title, port }: Pages): Promise<Served> {
  const app = Fastify();
  let timer: NodeJS.Timeout | undefined;
  refuseStrangers(app);
  if (board) {
    const adapter = new FastifyAdapter().setBasePath("/board");
    const shown = createBullBoard({
      queues: [],
      serverAdapter: adapter,
      options: { uiConfig: { boardTitle: title, hideRedisDetails: true } },
    });
    const look = async () => {
      const found = await queues.find();
      const prefixes = new Set(found.map(({ opts }) => opts.prefix));
      // Two applications may have queues of one name.
      shown.setQueues(
        found.map((queue) => new BullMQAdapter(queue, prefixes.size > 1 ? { prefix: `${queue.opts.prefix}:` } : {})),
      );
    };
    await look();
    timer = setInterval(() => look().catch(() => {}), LOOK_MS);
    await app.register(adapter.registerPlugin(), { prefix: "/board" });
    app.get("/", (_, reply) => reply.redirect("/board/"));
  }
  if (metrics)
    app.get("/metrics", async (_, reply) =>
      reply.type("text/plain; version=0.0.4").send(await metricsPage(await queues.find(), await instances())),
    );
  await app.listen({ port, host: "127.0.0.1" }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--port: should be a free port, ${port} can't be used (${error.code ?? error.message})`);
  });
  const address = app.server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : port,
    close: async () => {
      clearInterval(timer);
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

/** A page of some other site, open in the same browser, must neither read this one nor send it anything. */
function refuseStrangers(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ headers }, reply) => {
    const own = /^(127\.0\.0\.1|localhost):\d+$/.test(headers.host ?? "");
    const sameSite = headers.origin === undefined || headers.origin === `http://${headers.host}`;
    if (!own || !sameSite) await reply.code(403).send("Only from this machine.\n");
  });
}
