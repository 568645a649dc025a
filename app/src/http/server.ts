import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import fastify, { type FastifyInstance } from "fastify";
import type { Jobs } from "queuehost/jobs";
import type { Config } from "../config";
import type { Confirmations } from "../reservations/confirmations";
import type { Reservations } from "../reservations/service";
import { Access } from "./auth";
import { boardRoutes } from "./board";
import { deadLetterRoutes } from "./dead-letters";
import { eventRoutes } from "./events";
import { fileRoutes } from "./files";
import { healthRoute } from "./health";
import { limitRates } from "./limits";
import { metricsRoute } from "./metrics";
import { openapi } from "./openapi";
import { pageRoutes } from "./page";
import { answerProblem } from "./problems";
import { queueRoutes } from "./queues";
import { recurringRoutes } from "./recurring";
import { reservationRoutes } from "./reservations";
import { sessionRoutes } from "./sessions";
import { taskRoutes } from "./tasks";
import { withZod } from "./zod";

export interface ServerParts {
  readonly config: Config;
  readonly jobs: Jobs;
  readonly reservations: Reservations;
  readonly confirmations: Confirmations;
  readonly release: string;
  /** Folder of the page's files. */
  readonly publicDir: string;
  /** Folder of Bull Board's files, in the artefact. */
  readonly boardDir: string;
}

/** The HTTP server, ready to listen. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { config, jobs, confirmations, release } = parts;
  const isProduction = config.NODE_ENV === "production";
  const access = new Access(config.API_TOKENS, isProduction);
  const app = fastify({
    bodyLimit: 64 * 1024,
    requestTimeout: 15_000,
    forceCloseConnections: "idle",
    // The proxy in front runs on this machine, and says for whom it asks.
    trustProxy: "loopback",
    routerOptions: { ignoreTrailingSlash: true },
    // Of addresses that can't be decoded: these errors are no route's.
    frameworkErrors: answerProblem,
  });
  // JSON alone: a browser asks before it sends that across sites, while it sends text/plain unasked.
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler(answerProblem);
  await app.register(helmet, {
    // Whether there is HTTPS is the proxy's to know: neither demands it here.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
  });
  await app.register(cookie);
  await limitRates(app, config.RATE_LIMIT);
  await openapi(app, release);
  const open = withZod(app);
  healthRoute(open, release, confirmations, jobs);
  reservationRoutes(open, parts.reservations);
  sessionRoutes(open, access);
  metricsRoute(open, jobs, access);
  await pageRoutes(app, parts.publicDir, isProduction);
  await boardRoutes(app, jobs, access, parts.boardDir);
  await app.register(async (scope) => {
    scope.addHook("onRequest", access.byMethod);
    scope.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));
    const api = withZod(scope);
    eventRoutes(api, jobs);
    taskRoutes(api, jobs);
    deadLetterRoutes(api, jobs);
    queueRoutes(api, jobs);
    recurringRoutes(api, jobs);
    await fileRoutes(scope);
    api.get("/api/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  });
  return app;
}
