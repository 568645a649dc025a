import { type Jobs, METRICS_TYPE } from "queuehost/jobs";
import { type Access, isLoopback } from "./auth";
import type { Api } from "./zod";

/** GET /metrics for Prometheus: from this machine, or with a token. */
export function metricsRoute(app: Api, jobs: Jobs, access: Access): void {
  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    if (!isLoopback(request)) access.caller(request);
    reply.type(METRICS_TYPE).header("cache-control", "no-store");
    return await jobs.metrics();
  });
}
