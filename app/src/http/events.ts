import { PassThrough } from "node:stream";
import type { JobState, Jobs } from "queuehost/jobs";
import { z } from "zod";
import { Problem } from "./problems";
import type { Api } from "./zod";

/** A page that hears nothing for longer may take the connection for dead. Milliseconds. */
const HEARTBEAT_MS = 10_000;
/** Pages of one process that listen at the same time. */
const MOST = 500;
/** A listener that reads too slowly to keep up is let go, and asks again. Bytes. */
const MOST_UNREAD = 1024 * 1024;

const filter = z.strictObject({
  id: z.string().optional(),
  type: z.string().optional(),
  queue: z.string().optional(),
});

/** GET /api/tasks/events: each change of a task, as it happens, until the listener or the server goes. */
export function eventRoutes(app: Api, jobs: Jobs): void {
  const open = new Set<PassThrough>();
  // Before connections are closed: nobody waits for an end of what has none.
  app.addHook("preClose", async () => {
    for (const stream of open) stream.end();
  });
  app.get(
    "/api/tasks/events",
    {
      schema: {
        tags: ["tasks"],
        summary: "Changes of tasks as server-sent events",
        description: "`task` events carry a task as GET /api/tasks/{id}/status/ does; a `heartbeat` comes every 10 s.",
        querystring: filter,
        produces: ["text/event-stream"],
        response: { 200: { type: "string", "x-response-description": "Until one side ends it" } },
      },
    },
    async ({ query }, reply) => {
      if (open.size >= MOST) throw new Problem(503, `${MOST} pages listen already. Ask again.`, { retryAfter: 10 });
      const stream = new PassThrough();
      const say = (event: string, data: unknown) => {
        if (stream.writableLength > MOST_UNREAD) stream.destroy();
        else stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      };
      const watcher = jobs.watch((state) => {
        if (isWanted(state, query)) say("task", state);
      });
      const heartbeat = setInterval(() => say("heartbeat", {}), HEARTBEAT_MS);
      open.add(stream);
      stream.once("close", () => {
        clearInterval(heartbeat);
        watcher.close();
        open.delete(stream);
      });
      say("heartbeat", {});
      reply
        .type("text/event-stream; charset=utf-8")
        .header("cache-control", "no-store")
        .header("x-accel-buffering", "no");
      return await reply.send(stream);
    },
  );
}

function isWanted(state: JobState, wanted: z.output<typeof filter>): boolean {
  const { id = state.id, type = state.type, queue = state.queue } = wanted;
  return state.id === id && state.type === type && state.queue === queue;
}
