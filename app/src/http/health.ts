import type { FastifyInstance } from "fastify";
import type { ReservationQueue } from "../queue/producer";
import type { Confirmations } from "../reservations/confirmations";
import { Problem } from "./problems";

interface Health {
  /** degraded: requests are answered, but do the queue's work themselves although they shouldn't have to. */
  status: "ok" | "degraded";
  redis: "up" | "down" | "unused";
  queue: "active" | "fallback" | "disabled";
  release: string;
}

/** GET /health: 200 as long as this process can serve, with Redis or without; 503 when it can't or is stopping. */
export function healthRoute(
  app: FastifyInstance,
  release: string,
  confirmations: Confirmations,
  queue: ReservationQueue | undefined,
): void {
  app.get("/health", async (_request, reply): Promise<Health> => {
    reply.header("cache-control", "no-store");
    await confirmations.assertWritable().catch(() => {
      throw new Problem(503, "STATE_DIR can't be written, so no reservation can be confirmed.");
    });
    if (!queue) return { status: "ok", redis: "unused", queue: "disabled", release };
    if (await queue.answers()) return { status: "ok", redis: "up", queue: "active", release };
    return { status: "degraded", redis: "down", queue: "fallback", release };
  });
}
