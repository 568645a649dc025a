import { existsSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createBullBoard } from "@bull-board/api";
import { FastifyAdapter } from "@bull-board/fastify";
import fastify, { type FastifyInstance } from "fastify";
import type { Jobs, Provider } from "queuehost/jobs";
import { PATH } from "./board";
import { BoardQueue } from "./board-queue";
import { answerProblem } from "./problems";

/** Bull Board as a server of its own, that doesn't listen: requests are handed to its `routing`. */
export async function openBoard(
  jobs: Jobs,
  queues: NonNullable<Provider["queues"]>,
  isOperator: (request: IncomingMessage) => boolean,
  boardDir: string,
): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 64 * 1024, routerOptions: { ignoreTrailingSlash: true } });
  app.setErrorHandler(answerProblem);
  const adapter = new FastifyAdapter().setBasePath(PATH);
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: {
      ...(existsSync(boardDir) ? { uiBasePath: boardDir } : {}),
      uiConfig: { boardTitle: "Queues", hideRedisDetails: true, miscLinks: [{ text: "Tasks", url: "/tasks" }] },
    },
  });
  // What it throws is answered as everywhere else here.
  adapter.setErrorHandler((error) => {
    throw error;
  });
  // There are none before Redis was there for the first time.
  let known = 0;
  app.addHook("preHandler", async () => {
    const found = await queues();
    if (found.size === known) return;
    known = found.size;
    board.setQueues([...found].map(([name, queue]) => new BoardQueue(jobs, name, queue)));
  });
  app.addHook("preSerialization", async ({ raw }, _reply, payload) => (isOperator(raw) ? payload : readOnly(payload)));
  app.addHook("onSend", async (_request, reply, payload) => {
    if (!String(reply.getHeader("content-type")).startsWith("text/html") || typeof payload !== "string") return payload;
    // Who looks at queues isn't made known to others, and the server may have no way to the internet.
    return payload.replace(/<link href="https:\/\/fonts[^>]*>/, "");
  });
  await app.register(adapter.registerPlugin(), { prefix: PATH });
  await app.ready();
  return app;
}

/** Bull Board hides the buttons of queues that are read-only; that they are is held by the method of the request. */
function readOnly(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null || !("queues" in payload) || !Array.isArray(payload.queues)) {
    return payload;
  }
  const queues = payload.queues.map((queue: object) => ({ ...queue, readOnlyMode: true, allowRetries: false }));
  return { ...payload, queues };
}
