import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "./problems";

const MINUTE_MS = 60_000;

/** What asks for things that aren't there is looking for something. Per minute. */
const NOT_FOUND = { max: 120, timeWindow: MINUTE_MS };

/** Nobody may ask more often than this, a second; what looks for what isn't there, far less. */
export async function limitRates(app: FastifyInstance, perSecond: number): Promise<void> {
  await app.register(rateLimit, {
    global: perSecond > 0,
    max: perSecond,
    timeWindow: 1000,
    keyGenerator: keyOf,
    errorResponseBuilder: (_request, { ttl }) =>
      new Problem(429, "Too many requests.", { retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }),
    // Answers say so only when it has come to that.
    addHeadersOnExceeding: { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit(NOT_FOUND) }, async (request) => {
    throw new Problem(404, `There is nothing at ${request.method} ${request.url.split("?")[0]}.`);
  });
}

/** By address: a token that nobody has checked yet is worth nothing, and one that tries many must not get a limit for each. */
function keyOf({ ip }: FastifyRequest): string {
  return ip;
}
