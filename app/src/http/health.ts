import type { Jobs } from "queuehost/jobs";
import { z } from "zod";
import type { Confirmations } from "../reservations/confirmations";
import { Problem } from "./problems";
import type { Api } from "./zod";

const health = z.object({
  /** degraded: requests are answered, but do the queue's work themselves although they shouldn't have to. */
  status: z.enum(["ok", "degraded"]),
  redis: z.enum(["up", "down", "unused"]),
  queue: z.enum(["active", "fallback", "disabled"]),
  release: z.string(),
});

const REDIS = { active: "up", fallback: "down", disabled: "unused" } as const;

/** GET /health: 200 as long as this process can serve, with the queue or without; 503 when it can't or is stopping. */
export function healthRoute(app: Api, release: string, confirmations: Confirmations, jobs: Jobs): void {
  app.get(
    "/health",
    { schema: { tags: ["health"], summary: "Whether it serves", response: { 200: health }, problems: [503] } },
    async (_request, reply) => {
      reply.header("cache-control", "no-store");
      await confirmations.assertWritable().catch(() => {
        throw new Problem(503, "STATE_DIR can't be written, so no reservation can be confirmed.");
      });
      const queue = await jobs.queueState();
      return { status: queue === "fallback" ? "degraded" : "ok", redis: REDIS[queue], queue, release } as const;
    },
  );
}
