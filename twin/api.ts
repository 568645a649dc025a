import { createHash, timingSafeEqual } from "node:crypto";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { ApiError, jsonError, notFound, notImplemented, unauthorized } from "./errors";
import type { Query } from "./request/list";
import { CONTROL, ROUTES } from "./routes";
import type { Twin } from "./twin";

const digest = (text: string) => createHash("sha256").update(text).digest();

function requireToken({ headers }: FastifyRequest, token: string): void {
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
  if (!timingSafeEqual(digest(given), digest(token))) throw unauthorized();
}

function id(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,15}$/.test(text)) throw notFound(`resource '${text}'`);
  return Number(text);
}

/** Every failure as Hetzner would put it; what is not a fault of the request is logged, and said, in full. */
function translate(error: unknown, twin: Twin): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return jsonError(message);
  twin.log.warn(`unexpected: ${(error as Error).stack ?? message}`);
  return new ApiError(500, "server_error", message);
}

/**
 * The HTTP server of the API: `/v1/...` as Hetzner's, `/twin/...` for its operator, and `/healthz`, which tells without a token
 * whose twin this is.
 * @param token the one bearer token that is accepted
 */
export function api(twin: Twin, token: string): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  // A DELETE or a bare action may come with the JSON content type and no body.
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    if (text === "") return done(null, undefined);
    try {
      done(null, JSON.parse(String(text)));
    } catch (error) {
      done(jsonError((error as Error).message), undefined);
    }
  });
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = translate(error, twin);
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler(({ method, url }) => {
    twin.log.warn(`NOT IMITATED: ${method} ${url}`);
    throw notImplemented(`${method} ${url.split("?")[0]}`);
  });
  app.addHook("onRequest", async (request) => {
    if (/^\/(v1|twin)(\/|$)/.test(request.url)) requireToken(request, token);
  });
  app.addHook("onResponse", async ({ method, url }, { statusCode }) => {
    twin.log.info(`${method} ${url} ${statusCode}`);
  });
  app.get("/healthz", async () => ({ twin: twin.machines.names.id, pid: process.pid }));
  const routes = [
    ...ROUTES.map((route) => ["/v1", ...route] as const),
    ...CONTROL.map((route) => ["/twin", ...route] as const),
  ];
  for (const [base, method, path, handler] of routes) {
    app.route({
      method,
      url: `${base}${path}`,
      handler: async (request, reply) => {
        const { a, b, ...names } = request.params as Record<string, string | undefined>;
        const answer = await handler({
          twin,
          ids: [id(a), id(b)],
          names,
          query: request.query as Query,
          body: request.body,
        });
        return reply.code(answer.status).send(answer.body);
      },
    });
  }
  return app;
}
