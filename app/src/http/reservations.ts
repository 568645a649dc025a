import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PRIORITIES } from "../reservations/queues";
import { reservationId, reservationSchema, stateSchema } from "../reservations/reservation";
import type { Reservations } from "../reservations/service";
import { invalid, Problem } from "./problems";
import { byId } from "./schemas";
import type { Api } from "./zod";

const tags = ["reservations"];
const querystring = z.object({ priority: z.enum(PRIORITIES).default("default") });
const submitted = stateSchema.extend({ statusUrl: z.string() });

/** POST /reservations, GET /reservations/:id and GET /reservations/:id/confirmation. */
export function reservationRoutes(app: Api, reservations: Reservations): void {
  app.post(
    "/reservations",
    {
      schema: {
        tags,
        summary: "Reserve",
        description:
          "202: the queue has it; 201: this request did the work; 200: it was sent before and is confirmed. A request that is sent again with the same Idempotency-Key gets the state of the first.",
        querystring,
        body: reservationSchema,
        response: { 200: submitted, 201: submitted, 202: submitted },
        problems: [422, 503],
      },
    },
    async ({ headers, body, query: { priority } }, reply) => {
      const key = headers["idempotency-key"];
      const id = key === undefined ? randomUUID() : parseKey(key);
      const { outcome, state } = await reservations.submit(id, body, priority);
      const finished = outcome === "done" ? 201 : 200;
      const statusUrl = `/reservations/${id}`;
      reply.code(state.status === "completed" ? finished : 202).header("location", statusUrl);
      return { ...state, statusUrl };
    },
  );

  app.get(
    "/reservations/:id",
    {
      schema: {
        tags,
        summary: "How far it has come",
        params: byId,
        response: { 200: stateSchema },
        problems: [404, 503],
      },
    },
    async ({ params: { id } }, reply) => {
      const state = isId(id) ? await reservations.state(id) : undefined;
      if (!state) throw new Problem(404, `No reservation ${id} is known.`);
      reply.header("cache-control", "no-store");
      return state;
    },
  );

  app.get(
    "/reservations/:id/confirmation",
    {
      schema: {
        tags,
        summary: "Its confirmation as a page",
        params: byId,
        produces: ["text/html"],
        response: { 200: z.string() },
        problems: [404],
      },
    },
    async ({ params: { id } }, reply) => {
      const html = isId(id) ? await reservations.confirmation(id) : undefined;
      if (html === undefined) throw new Problem(404, `Reservation ${id} has no confirmation (yet).`);
      reply.header("cache-control", "no-store").type("text/html; charset=utf-8");
      return html;
    },
  );
}

/** An id that can't be one of ours is as unknown as any other, and never becomes part of a file name. */
function isId(id: string): boolean {
  return reservationId.safeParse(id).success;
}

function parseKey(key: string | string[]): string {
  const parsed = reservationId.safeParse(key);
  if (parsed.success) return parsed.data;
  throw invalid({ path: "Idempotency-Key", message: parsed.error.issues[0]?.message ?? "is not valid" });
}
