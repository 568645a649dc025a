import type { DeadLetter, Jobs } from "queuehost/jobs";
import { z } from "zod";
import { typeOf } from "./job-types";
import { Problem } from "./problems";
import { byId, letter, letters, paging } from "./schemas";
import { assertQueue, given } from "./tasks";
import type { Api } from "./zod";

const tags = ["dead letters"];
const filter = z.strictObject({
  queue: z.string().optional(),
  type: z.string().optional(),
  resolved: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
  ...paging,
});
const list = z.object({ letters: z.array(letter), total: z.int(), limit: z.int(), offset: z.int() });

/** Jobs that failed for good: /api/dead-letters. */
export function deadLetterRoutes(app: Api, jobs: Jobs): void {
  app.get(
    "/api/dead-letters",
    { schema: { tags, summary: "List them, the latest first", querystring: filter, response: { 200: list } } },
    async ({ query: { limit, offset, ...wanted } }) => {
      if (wanted.queue !== undefined) assertQueue(jobs, wanted.queue);
      if (wanted.type !== undefined) typeOf(jobs, wanted.type);
      const found = await jobs.deadLetters({ ...given(wanted), limit, offset });
      return { letters: found.letters.map(shown), total: found.total, limit, offset };
    },
  );

  app.post(
    "/api/dead-letters/retry",
    {
      schema: {
        tags,
        summary: "Run several again, or all of a queue",
        body: letters,
        response: { 202: z.object({ retried: z.array(z.string()) }) },
        problems: [409],
      },
    },
    async ({ body }, reply) => {
      if ("queue" in body) assertQueue(jobs, body.queue);
      reply.code(202);
      return { retried: [...(await jobs.retryDeadLetters(body))] };
    },
  );

  app.post(
    "/api/dead-letters/purge",
    {
      schema: {
        tags,
        summary: "Delete several, or all of a queue",
        body: letters,
        response: { 200: z.object({ purged: z.int() }) },
      },
    },
    async ({ body }) => {
      if ("queue" in body) assertQueue(jobs, body.queue);
      return { purged: await jobs.purgeDeadLetters(body) };
    },
  );

  app.post(
    "/api/dead-letters/:id/retry",
    {
      schema: {
        tags,
        summary: "Run one again",
        params: byId,
        response: { 202: z.object({ id: z.string(), status: z.literal("waiting") }) },
        problems: [404, 409],
      },
    },
    async ({ params: { id } }, reply) => {
      const [retried] = await jobs.retryDeadLetters({ ids: [id] });
      if (retried === undefined) return unknown(id);
      reply.code(202);
      return { id, status: "waiting" as const };
    },
  );

  app.post(
    "/api/dead-letters/:id/resolve",
    {
      schema: {
        tags,
        summary: "Settle one without another run",
        description: "It is deleted 30 days later.",
        params: byId,
        body: z.strictObject({ note: z.string().trim().min(1).max(2000) }),
        response: { 200: z.object({ id: z.string(), resolution: z.string() }) },
        problems: [404],
      },
    },
    async ({ params: { id }, body: { note } }) => {
      if (!(await jobs.resolveDeadLetter(id, note))) return unknown(id);
      return { id, resolution: note };
    },
  );

  app.delete(
    "/api/dead-letters/:id",
    { schema: { tags, summary: "Delete one", params: byId, response: { 204: z.null() }, problems: [404] } },
    async ({ params: { id } }, reply) => {
      if ((await jobs.purgeDeadLetters({ ids: [id] })) === 0) return unknown(id);
      return await reply.code(204).send(null);
    },
  );
}

function shown({ payload, failedAt, resolution, resolvedAt, ...rest }: DeadLetter): z.input<typeof letter> {
  return {
    ...rest,
    payload: parsed(payload),
    failedAt: new Date(failedAt).toISOString(),
    ...(resolution !== null && { resolution }),
    ...(resolvedAt !== null && { resolvedAt: new Date(resolvedAt).toISOString() }),
  };
}

/** What can't be read may be why it failed: shown as it is. */
function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}

function unknown(id: string): never {
  throw new Problem(404, `There is no dead letter ${id} that waits for a decision.`);
}
