import type { Jobs } from "queuehost/jobs";
import { z } from "zod";
import { Problem } from "./problems";
import { byName, counts } from "./schemas";
import type { Api } from "./zod";

const tags = ["queues"];
const overview = z.object({
  provider: z.string(),
  state: z.enum(["active", "fallback", "disabled"]),
  outgoing: z.int(),
  queues: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      paused: z.boolean().optional(),
      counts: counts.optional(),
    }),
  ),
});

/** The queues of the table: /api/queues. */
export function queueRoutes(app: Api, jobs: Jobs): void {
  app.get(
    "/api/queues",
    {
      schema: {
        tags,
        summary: "All queues and how many jobs they hold",
        description:
          "Without `counts` while the queue can't be reached. `outgoing`: tasks that have to get there still.",
        response: { 200: overview },
      },
    },
    async () => {
      const { provider, queue: state, queues, outgoing } = await jobs.health();
      const all = Object.entries(jobs.table.queues).map(([name, { description }]) => {
        const { paused, ...numbers } = queues[name] ?? {};
        return {
          name,
          description,
          ...(paused !== undefined && { paused, counts: numbers as z.input<typeof counts> }),
        };
      });
      return { provider, state, outgoing, queues: all };
    },
  );

  for (const [verb, paused] of [["pause", true] as const, ["resume", false] as const]) {
    app.post(
      `/api/queues/:name/${verb}`,
      {
        schema: {
          tags,
          summary: paused ? "Have no job of a queue begin" : "Let its jobs begin again",
          params: byName,
          response: { 200: z.object({ name: z.string(), paused: z.boolean() }) },
          problems: [404],
        },
      },
      async ({ params: { name } }) => {
        if (!Object.hasOwn(jobs.table.queues, name)) throw new Problem(404, `There is no queue ${name}.`);
        await jobs[verb](name);
        return { name, paused };
      },
    );
  }
}
