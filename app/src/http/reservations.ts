import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { PRIORITIES } from "../queue/names";
import { reservationId, reservationSchema } from "../reservations/reservation";
import type { Reservations } from "../reservations/service";
import { Problem } from "./problems";

const querySchema = z.object({ priority: z.enum(PRIORITIES).default("default") });

type ById = { Params: { id: string } };

/** POST /reservations, GET /reservations/:id and GET /reservations/:id/confirmation. */
export function reservationRoutes(app: FastifyInstance, reservations: Reservations): void {
  /** 202 while the queue has it, 201 when this request did the work, 200 when it had been confirmed before. */
  app.post("/reservations", async (request, reply) => {
    const key = request.headers["idempotency-key"];
    const id = key === undefined ? randomUUID() : parseKey(key);
    const reservation = reservationSchema.parse(request.body ?? {});
    const { priority } = querySchema.parse(request.query);
    const { outcome, state } = await reservations.submit(id, reservation, { repeatable: key !== undefined, priority });
    const finished = outcome === "done" ? 201 : 200;
    const statusUrl = `/reservations/${id}`;
    reply.code(state.status === "completed" ? finished : 202).header("location", statusUrl);
    return { ...state, statusUrl };
  });

  app.get<ById>("/reservations/:id", async ({ params }, reply) => {
    const state = parseId(params.id) && (await reservations.state(params.id));
    if (!state) throw new Problem(404, `No reservation ${params.id} is known.`);
    reply.header("cache-control", "no-store");
    return state;
  });

  app.get<ById>("/reservations/:id/confirmation", async ({ params }, reply) => {
    const html = parseId(params.id) && (await reservations.confirmation(params.id));
    if (!html) throw new Problem(404, `Reservation ${params.id} has no confirmation (yet).`);
    reply.header("cache-control", "no-store").type("text/html; charset=utf-8");
    return html;
  });
}

/** An id that can't be one of ours is as unknown as any other, and never becomes part of a file name. */
function parseId(id: string): boolean {
  return reservationId.safeParse(id).success;
}

function parseKey(key: string | string[]): string {
  const parsed = reservationId.safeParse(key);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? "is not valid";
  throw new Problem(400, "The request is not valid.", [{ path: "Idempotency-Key", message }]);
}
