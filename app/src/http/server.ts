import helmet from "@fastify/helmet";
import fastify, { type FastifyInstance } from "fastify";
import type { ReservationQueue } from "../queue/producer";
import type { Confirmations } from "../reservations/confirmations";
import type { Reservations } from "../reservations/service";
import { healthRoute } from "./health";
import { pageRoutes } from "./page";
import { answerProblems } from "./problems";
import { reservationRoutes } from "./reservations";

export interface ServerParts {
  reservations: Reservations;
  confirmations: Confirmations;
  queue: ReservationQueue | undefined;
  release: string;
  /** Folder of the page's files. */
  publicDir: string;
}

/** The HTTP server, ready to listen. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 64 * 1024, requestTimeout: 15_000, forceCloseConnections: "idle" });
  // JSON alone: a browser asks before it sends that across sites, while it sends text/plain unasked.
  app.removeContentTypeParser("text/plain");
  answerProblems(app);
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
  healthRoute(app, parts.release, parts.confirmations, parts.queue);
  reservationRoutes(app, parts.reservations);
  await pageRoutes(app, parts.publicDir);
  return app;
}
