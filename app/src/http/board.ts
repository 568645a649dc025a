import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Jobs } from "queuehost/jobs";
import type { Access, Caller } from "./auth";

export const PATH = "/admin/queues";
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

/**
 * Bull Board at /admin/queues: operators retry and delete, viewers read, and who isn't logged in is sent to the page where that
 * is done. It is loaded when somebody asks for it first: it takes as much memory as all the rest of the HTTP server.
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
    if (!provider?.queues) {
      scope.get(PATH, { schema: { hide: true } }, async (_request, reply) => {
        reply.type("text/html; charset=utf-8");
        return withoutBoard(provider ? "it shows BullMQ only, and QUEUE_PROVIDER is agenda" : "QUEUE_ENABLED is false");
      });
      return;
    }
    const queues = provider.queues.bind(provider);
    const roles = new WeakMap<IncomingMessage, Caller["role"]>();
    const isOperator = (request: IncomingMessage) => roles.get(request) === "operator";
    let board: Promise<FastifyInstance> | undefined;
    scope.addHook("onClose", async () => await (await board)?.close());
    // Bodies are left for the board to read.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _body, done) => done(null));
    const serve = async (request: FastifyRequest, reply: FastifyReply) => {
      board ??= import("./board-server.js").then(({ openBoard }) => openBoard(jobs, queues, isOperator, boardDir));
      const { routing } = await board;
      roles.set(request.raw, access.caller(request).role);
      reply.header("content-security-policy", POLICY).hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) if (value) reply.raw.setHeader(name, value);
      routing(request.raw, reply.raw);
    };
    for (const path of [PATH, `${PATH}/*`]) scope.all(path, { schema: { hide: true } }, serve);
  });
}

function withoutBoard(why: string): string {
  const body = `<main><p>There is no board: ${why}. See <a href="/tasks">the tasks</a>.</p></main>`;
  return `<!doctype html><html lang="en"><title>Queues</title><link rel="stylesheet" href="/style.css">${body}</html>`;
}
