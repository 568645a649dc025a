import type { Jobs, Recurring } from "queuehost/jobs";
import { z } from "zod";
import { payloadBody, typeOf } from "./job-types";
import { Problem } from "./problems";
import { byName, priority, recurring } from "./schemas";
import { assertQueue, given } from "./tasks";
import type { Api } from "./zod";

const tags = ["recurring"];

/** Jobs that are made again and again, as the operator wants them: /api/recurring. */
export function recurringRoutes(app: Api, jobs: Jobs): void {
  app.get(
    "/api/recurring",
    {
      schema: {
        tags,
        summary: "All of them",
        response: { 200: z.object({ recurring: z.array(recurring) }) },
      },
    },
    async () => ({ recurring: (await jobs.recurring()).map(shown) }),
  );

  app.get(
    "/api/recurring/:name",
    { schema: { tags, summary: "One of them", params: byName, response: { 200: recurring }, problems: [404] } },
    async ({ params: { name } }) => {
      const found = (await jobs.recurring()).find((one) => one.name === name);
      return found ? shown(found) : unknown(name);
    },
  );

  app.put(
    "/api/recurring/:name",
    {
      schema: {
        tags,
        summary: "Set one, or replace it",
        description: "Either `cron` (five fields, or six with seconds first) or `everyMs`.",
        params: byName,
        body: payloadBody(jobs, {
          cron: z.string().max(200).optional(),
          everyMs: z.int().min(1).optional(),
          timeZone: z.string().max(100).optional(),
          queue: z.string().optional(),
          priority: priority.optional(),
        }),
        response: { 200: recurring },
      },
    },
    async ({ params: { name }, body: { type, payload, ...options } }) => {
      const job = typeOf(jobs, type);
      if (options.queue !== undefined) assertQueue(jobs, options.queue);
      return shown(await jobs.setRecurring({ name, job, payload, ...given(options) }));
    },
  );

  app.delete(
    "/api/recurring/:name",
    { schema: { tags, summary: "End one", params: byName, response: { 204: z.null() }, problems: [404] } },
    async ({ params: { name } }, reply) => {
      if (!(await jobs.removeRecurring(name))) return unknown(name);
      return await reply.code(204).send(null);
    },
  );
}

function shown({ payload, nextAt, attempts: _, backoff: __, ...rest }: Recurring): z.input<typeof recurring> {
  const next = typeof nextAt === "number" ? { nextAt: new Date(nextAt).toISOString() } : {};
  return { ...rest, payload: JSON.parse(payload), ...next };
}

function unknown(name: string): never {
  throw new Problem(404, `There is no recurring job ${name}.`);
}
