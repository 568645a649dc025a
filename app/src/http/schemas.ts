import { FINISHED } from "queuehost/jobs";
import { z } from "zod";

const STATUSES = ["scheduled", "waiting", "active", ...FINISHED] as const;
const count = z.int().min(0);

/** A list of words with commas between them. */
const words = <T extends string>(known: readonly T[]) =>
  z
    .string()
    .transform((value) => value.split(","))
    .pipe(z.array(z.enum(known)))
    .meta({ description: `Some of ${known.join(", ")}, with commas between them` });

/** An id that can't be one is as unknown as any other: the path's part is never refused, only not found. */
export const byId = z.object({ id: z.string() });
export const byName = z.object({ name: z.string() });

export const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
};

export const taskFilter = z.strictObject({
  status: words(STATUSES).optional(),
  type: z.string().optional(),
  queue: z.string().optional(),
  ...paging,
});

export const task = z
  .object({
    id: z.string(),
    type: z.string(),
    queue: z.string(),
    status: z.enum(STATUSES),
    progress: z.number().min(0).max(100),
    message: z.string().optional(),
    priority: z.int(),
    attempt: count,
    attempts: count,
    runAt: z.iso.datetime().optional(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    result: z.unknown().optional(),
    error: z.string().optional(),
    cancelRequested: z.literal(true).optional(),
  })
  .meta({ title: "Task" });

export const taskList = z.object({ tasks: z.array(task), total: count, limit: count, offset: count });

export const priority = z.union([z.enum(["high", "normal", "low"]), z.int().min(1).max(10)]);

export const letter = z
  .object({
    id: z.string(),
    type: z.string(),
    queue: z.string(),
    payload: z.unknown(),
    reason: z.string(),
    attempts: count,
    failedAt: z.iso.datetime(),
    resolution: z.string().optional(),
    resolvedAt: z.iso.datetime().optional(),
  })
  .meta({ title: "DeadLetter" });

/** Letters by their ids, or all unsettled ones of a queue. */
export const letters = z.union(
  [z.strictObject({ ids: z.array(z.string().max(200)).min(1).max(500) }), z.strictObject({ queue: z.string() })],
  'should be {"ids": [...]}, 1 to 500 of them, or {"queue": "<name>"}',
);

export const counts = z.object({
  scheduled: count,
  waiting: count,
  active: count,
  completed: count,
  failed: count,
});

export const recurring = z
  .object({
    name: z.string(),
    type: z.string(),
    queue: z.string(),
    payload: z.unknown(),
    cron: z.string().optional(),
    everyMs: z.int().optional(),
    timeZone: z.string().optional(),
    priority: z.int(),
    nextAt: z.iso.datetime().optional(),
  })
  .meta({ title: "Recurring" });

export const problem = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ title: "Problem", description: "RFC 9457" });
