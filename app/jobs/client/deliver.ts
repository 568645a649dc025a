import { JobFailed } from "../errors";
import { type NewJob, QueueUnavailable } from "../provider/provider";
import { StoreUnavailable } from "../store/store";
import { findJob, labelOf } from "../table/defaults";
import type { Context } from "./context";
import { done, queued, stored } from "./outcome";
import type { Enqueued } from "./types";

/**
 * Brings jobs that are in the task table to the queue, or runs them here while that can't be reached.
 *
 * @returns the outcomes, in the order of the jobs
 * @throws JobFailed where the only one is run here and fails
 */
export async function deliver(context: Context, jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
  const { relay } = context;
  const ids = jobs.map(({ id }) => id);
  const { sent, unavailable } = relay ? await relay.flush(ids) : { sent: [], unavailable: ids };
  const isSent = new Set(sent);
  const isUnavailable = new Set(unavailable);
  const outcomes: Enqueued[] = [];
  for (const job of jobs) {
    if (isSent.has(job.id)) outcomes.push(queued(job));
    else if (isUnavailable.has(job.id) && mayRunHere(context, job))
      outcomes.push(await runOne(context, job, jobs.length));
    else outcomes.push(stored(job));
  }
  return outcomes;
}

/**
 * Hands jobs that aren't tracked to the queue, or runs them here while that can't be reached.
 *
 * @throws QueueUnavailable where they may not be run here; JobFailed where the only one is run here and fails
 */
export async function send(context: Context, jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
  try {
    if (!context.provider) throw new QueueUnavailable("QUEUE_ENABLED=false");
    await context.provider.add(jobs);
    return jobs.map(queued);
  } catch (error) {
    if (!(error instanceof QueueUnavailable) || !jobs.every((job) => mayRunHere(context, job))) throw error;
  }
  const outcomes: Enqueued[] = [];
  for (const job of jobs) outcomes.push(await runOne(context, job, jobs.length));
  return outcomes;
}

function mayRunHere({ settings, table }: Context, { type, runAt }: NewJob): boolean {
  return settings.eager || (findJob(table, type)?.fallback !== false && runAt === null);
}

/** Of several jobs, one that fails is told by its status: those behind it have to run too. */
async function runOne(context: Context, job: NewJob, of: number): Promise<Enqueued> {
  try {
    return await runHere(context, job);
  } catch (error) {
    if (of === 1 || !(error instanceof JobFailed)) throw error;
    return { id: job.id, outcome: "done", status: "failed" };
  }
}

async function runHere({ provider, table, store, executor, log }: Context, job: NewJob): Promise<Enqueued> {
  if (provider) log(`[${labelOf(table, job.queue)}] Fehler beim Hinzufügen zur Queue, verwende Fallback`);
  try {
    // Without a queue there is nobody to try it again.
    return (await executor.runHere(provider ? job : { ...job, attempts: 1 })) ? done(job) : stored(job);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    const task = findJob(table, job.type)?.tracked === false ? undefined : await store.find(job.id);
    if (task?.status !== "waiting" && task?.status !== "scheduled") throw new JobFailed(job.id, error);
    // It goes to the queue for its next attempt.
    return { id: job.id, outcome: "stored", status: task.status };
  }
}
