import { type AnyJob, type Enqueued, type EnqueueOptions, JobFailed, type Jobs } from "queuehost/jobs";
import { z } from "zod";
import { payloadBody, typeOf } from "./job-types";
import { invalid, Problem } from "./problems";
import { byId, priority, task, taskFilter, taskList } from "./schemas";
import type { Api } from "./zod";

const tags = ["tasks"];
const enqueued = z.object({
  id: z.string(),
  outcome: z.enum(["queued", "stored", "done", "known"]),
  status: task.shape.status,
  statusUrl: z.string(),
});
const changed = z.object({ id: z.string(), status: task.shape.status, cancelRequested: z.literal(true).optional() });

/** What the task table knows, and what can be done with it: /api/tasks. */
export function taskRoutes(app: Api, jobs: Jobs): void {
  app.get(
    "/api/tasks",
    { schema: { tags, summary: "List tasks, the newest first", querystring: taskFilter, response: { 200: taskList } } },
    async ({ query: { limit, offset, ...filter } }) => {
      if (filter.queue !== undefined) assertQueue(jobs, filter.queue);
      if (filter.type !== undefined) typeOf(jobs, filter.type);
      const { jobs: tasks, total } = await jobs.list({ ...given(filter), limit, offset });
      return { tasks: [...tasks], total, limit, offset };
    },
  );

  app.get(
    "/api/tasks/:id/status",
    {
      schema: { tags, summary: "How far a task has come", params: byId, response: { 200: task }, problems: [404] },
    },
    async ({ params: { id } }) => (await jobs.status(id)) ?? unknown(id),
  );

  app.post(
    "/api/tasks",
    {
      schema: {
        tags,
        summary: "Enqueue a job of a type",
        description:
          "202: it waits; 201: no queue could be reached, and it was done here; 200: this id was sent before.",
        body: payloadBody(jobs, {
          queue: z.string().optional(),
          priority: priority.optional(),
          at: z.iso.datetime({ offset: true }).optional(),
          id: z.string().optional(),
        }),
        response: { 200: enqueued, 201: enqueued, 202: enqueued },
        problems: [422],
      },
    },
    async ({ body: { type, payload, at, ...options } }, reply) => {
      const job = typeOf(jobs, type);
      if (options.queue !== undefined) assertQueue(jobs, options.queue);
      const result = await enqueue(jobs, job, payload, { ...given(options), ...(at && { at: new Date(at) }) });
      const statusUrl = `/api/tasks/${result.id}/status/`;
      reply.code(codes[result.outcome]).header("location", statusUrl);
      return { ...result, statusUrl };
    },
  );

  app.post(
    "/api/tasks/:id/cancel",
    {
      schema: {
        tags,
        summary: "Cancel a task",
        description: "200: it is cancelled; 202: it runs, and is told to end.",
        params: byId,
        response: { 200: changed, 202: changed },
        problems: [400, 404, 409],
      },
    },
    async ({ params: { id } }, reply) => {
      const outcome = await jobs.cancel(id);
      if (outcome === "unknown") return unknown(id);
      if (outcome === "finished") throw new Problem(409, `Task ${id} is finished: there is nothing to cancel.`);
      if (outcome === "cancelled") return { id, status: "cancelled" as const };
      reply.code(202);
      return { id, status: "active" as const, cancelRequested: true as const };
    },
  );

  app.post(
    "/api/tasks/:id/retry",
    {
      schema: {
        tags,
        summary: "Run a failed or cancelled task again",
        params: byId,
        response: { 202: changed },
        problems: [404, 409],
      },
    },
    async ({ params: { id } }, reply) => {
      const outcome = await jobs.retry(id);
      if (outcome === "unknown") return unknown(id);
      if (outcome !== "retried") throw new Problem(409, `Task ${id} is ${outcome}: there is nothing to retry.`);
      reply.code(202);
      return { id, status: "waiting" as const };
    },
  );
}

const codes = { queued: 202, stored: 202, done: 201, known: 200 } as const satisfies Record<
  Enqueued["outcome"],
  number
>;

/** One that was done here and has failed, or was cancelled, is a task like any other: its status says so. */
async function enqueue(jobs: Jobs, job: AnyJob, payload: object, options: EnqueueOptions): Promise<Enqueued> {
  try {
    return await jobs.enqueue(job, payload, options);
  } catch (error) {
    if (!(error instanceof JobFailed)) throw error;
    const { status = "failed" } = (await jobs.status(error.id)) ?? {};
    return { id: error.id, outcome: "done", status };
  }
}

/** @throws Problem 400 for a name that isn't in the table */
export function assertQueue(jobs: Jobs, name: string, path = "queue"): void {
  if (Object.hasOwn(jobs.table.queues, name)) return;
  throw invalid({ path, message: `should be one of ${Object.keys(jobs.table.queues).join(", ")}` });
}

function unknown(id: string): never {
  throw new Problem(404, `No task ${id} is known.`);
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what wasn't given. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
