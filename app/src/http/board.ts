import { existsSync } from "node:fs";
import { createBullBoard } from "@bull-board/api";
import { FastifyAdapter } from "@bull-board/fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Jobs } from "queuehost/jobs";
import type { Access } from "./auth";
import { BoardQueue } from "./board-queue";

const PATH = "/admin/queues";
const LOGIN = `/tasks?next=${PATH}/`;

/** Bull Board's own needs: a base address, and styles within its page. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join(";");

type Provider = NonNullable<Jobs["provider"]>;
type Queues = NonNullable<Provider["queues"]>;

/**
 * Bull Board at /admin/queues: operators retry and delete, viewers read, and who isn't logged in is sent to the page where that
 * is done. What it changes goes through `jobs`, so that the task table stays right.
 *
 * @param boardDir where the artefact has Bull Board's files; the installed package's own where there is no such folder
 */
export async function boardRoutes(app: FastifyInstance, jobs: Jobs, access: Access, boardDir: string): Promise<void> {
  const { provider } = jobs;
  await app.register(async (scope) => {
    scope.addHook("onRequest", async (request, reply) => {
      const wantsPage = request.method === "GET" && String(request.headers.accept).includes("text/html");
      if (wantsPage && !access.identify(request)) return await reply.redirect(LOGIN);
      await access.byMethod(request);
      reply.header("cache-control", "no-store");
    });
    if (provider?.queues) await serveBoard(scope, jobs, provider.queues.bind(provider), access, boardDir);
    else scope.get(PATH, async (_request, reply) => sayWhyNot(reply, provider));
  });
}

async function serveBoard(scope: FastifyInstance, jobs: Jobs, queues: Queues, access: Access, boardDir: string) {
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
  scope.addHook("preHandler", async () => {
    const found = await queues();
    if (found.size === known) return;
    known = found.size;
    board.setQueues([...found].map(([name, queue]) => new BoardQueue(jobs, name, queue)));
  });
  scope.addHook("preSerialization", async (request, _reply, payload) =>
    access.caller(request).role === "operator" ? payload : readOnly(payload),
  );
  scope.addHook("onSend", async (_request, reply, payload) => {
    if (!String(reply.getHeader("content-type")).startsWith("text/html") || typeof payload !== "string") return payload;
    reply.header("content-security-policy", POLICY);
    // Who looks at queues isn't made known to others, and the server may have no way to the internet.
    return payload.replace(/<link href="https:\/\/fonts[^>]*>/, "");
  });
  await scope.register(adapter.registerPlugin(), { prefix: PATH });
}

/** Bull Board hides the buttons of queues that are read-only; that they are is also held by the method of the request. */
function readOnly(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null || !("queues" in payload) || !Array.isArray(payload.queues)) {
    return payload;
  }
  const queues = payload.queues.map((queue: object) => ({ ...queue, readOnlyMode: true, allowRetries: false }));
  return { ...payload, queues };
}

function sayWhyNot(reply: FastifyReply, provider: Provider | undefined): string {
  const why = provider
    ? "Bull Board shows BullMQ only, and QUEUE_PROVIDER is agenda"
    : "there is no queue to show, since QUEUE_ENABLED is false";
  reply.type("text/html; charset=utf-8");
  return `<!doctype html><html lang="en"><title>Queues</title><link rel="stylesheet" href="/style.css"><main><p>${why}: see <a href="/tasks">the tasks</a>.</p></main></html>`;
}
