import { reason } from "../log";
import { type Counts, type QueuedJob, QueueUnavailable } from "../provider/provider";
import { FINISHED, type TaskStatus } from "../store/store";
import type { AnyJob } from "../table/types";
import type { Context } from "./context";
import { assertQueue, refuse } from "./request";
import { stateOf, stateOfQueued } from "./state";
import type { JobFilter, JobState, Jobs } from "./types";

type Looking = Pick<Jobs, "status" | "list" | "inspect" | "health" | "queueState">;

/** Jobs of a queue that are looked through for those of one type that isn't tracked. */
const LOOKED_THROUGH = 1000;
const INSPECTED = 500;
const STATUSES: readonly TaskStatus[] = ["scheduled", "waiting", "active", ...FINISHED];
const MAX_LIMIT = 500;

/** What tells about jobs and queues. */
export function looking(context: Context): Looking {
  const { table, settings, store, provider } = context;
  const names = Object.keys(table.queues);
  const isTracked = ({ tracked }: AnyJob) => tracked !== false;
  const untracked = new Set(table.jobs.filter((job) => !isTracked(job)).map(({ name }) => name));

  const queueState: Looking["queueState"] = async () => {
    if (!provider) return "disabled";
    return (await provider.answers()) ? "active" : "fallback";
  };

  const inQueues = async (statuses: readonly QueuedJob["status"][], limit: number): Promise<readonly QueuedJob[]> => {
    if (!provider || untracked.size === 0) return [];
    const found = await Promise.all(names.map((name) => provider.list(name, statuses, limit, 0)));
    return found.flat().filter(({ type }) => untracked.has(type));
  };

  return {
    queueState,

    async status(id) {
      const task = await store.find(id);
      if (task) return stateOf(task);
      const found = await findQueued(context, id).catch((error: unknown) => {
        // What nobody tracks only the queue could know.
        if (error instanceof QueueUnavailable && untracked.size === 0) return undefined;
        throw error;
      });
      return found && stateOfQueued(found);
    },

    async list(filter = {}) {
      const { limit, offset } = paging(filter);
      const { type, queue } = filter;
      if (queue !== undefined) assertQueue(table, queue);
      if (type !== undefined && !table.jobs.some(({ name }) => name === type))
        refuse(
          "type",
          `should be one of ${table.jobs.map(({ name }) => name).join(", ")}, got ${JSON.stringify(type)}`,
        );
      const statuses = filter.status === undefined ? undefined : [filter.status].flat();
      const wrong = statuses?.find((status) => !STATUSES.includes(status));
      if (wrong !== undefined)
        refuse("status", `should be one of ${STATUSES.join(", ")}, got ${JSON.stringify(wrong)}`);
      if (type === undefined || !untracked.has(type)) {
        const where = { ...(statuses && { status: statuses }), ...(type && { type }), ...(queue && { queue }) };
        const { tasks, total } = await store.list({ ...where, limit, offset });
        return { jobs: tasks.map(stateOf), total };
      }
      const jobs = await inQueues(withoutCancelled(statuses), LOOKED_THROUGH);
      const own = jobs.filter((job) => job.type === type && (queue === undefined || job.queue === queue));
      return { jobs: own.slice(offset, offset + limit).map(stateOfQueued), total: own.length };
    },

    async inspect() {
      const part = async (status: "active" | "scheduled" | "waiting"): Promise<readonly JobState[]> => {
        const { tasks } = await store.list({ status: [status], limit: INSPECTED });
        const others = await inQueues([status], INSPECTED).catch(() => []);
        return [...tasks.map(stateOf), ...others.map(stateOfQueued)];
      };
      const [active, scheduled, reserved] = await Promise.all([part("active"), part("scheduled"), part("waiting")]);
      return { active, scheduled, reserved };
    },

    async health() {
      let error: string | undefined;
      const failed = (fault: unknown) => {
        error ??= reason(fault);
      };
      const queues: Record<string, Counts> = {};
      const count = async (name: string) => {
        if (provider) queues[name] = await provider.counts(name);
      };
      const [outgoing, state] = await Promise.all([
        store.outgoing().catch((fault: unknown) => void failed(fault)),
        queueState(),
        Promise.all(names.map(count)).catch(failed),
      ]);
      if (state === "fallback") failed("the queue can't be reached");
      return {
        healthy: error === undefined,
        provider: settings.provider,
        queue: state,
        ...(error !== undefined && { error }),
        queues: Object.fromEntries(names.flatMap((name) => (queues[name] ? [[name, queues[name]]] : []))),
        outgoing: outgoing ?? 0,
      };
    },
  };
}

/** A job wherever it waits. @throws QueueUnavailable */
export async function findQueued({ table, provider }: Context, id: string): Promise<QueuedJob | undefined> {
  if (!provider) return undefined;
  const found = await Promise.all(Object.keys(table.queues).map((queue) => provider.find(queue, id)));
  return found.find((job) => job !== undefined);
}

function withoutCancelled(statuses: readonly TaskStatus[] | undefined): readonly QueuedJob["status"][] {
  const all = ["active", "waiting", "scheduled", "failed", "completed"] as const;
  return statuses ? all.filter((status) => statuses.includes(status)) : all;
}

/** @throws InputInvalid */
export function paging({ limit = 50, offset = 0 }: Pick<JobFilter, "limit" | "offset">) {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT))
    refuse("limit", `should be a whole number from 1 to ${MAX_LIMIT}, got ${limit}`);
  if (!(Number.isSafeInteger(offset) && offset >= 0))
    refuse("offset", `should be a whole number from 0, got ${offset}`);
  return { limit, offset };
}
