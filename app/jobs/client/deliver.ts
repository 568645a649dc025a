import { type NewJob, QueueUnavailable } from "../provider/provider";
import { findJob, labelOf } from "../table/defaults";
import type { Context } from "./context";
import { done, queued, stored } from "./outcome";
import type { Enqueued } from "./types";

/**
 * Brings jobs that are in the task table to the queue, or runs them here while that can't be reached.
 *
 * @returns the outcomes, in the order of the jobs
 * @throws what the `run` of a job that is run here throws
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
    else if (isUnavailable.has(job.id) && mayRunHere(context, job)) outcomes.push(await runHere(context, job));
    else outcomes.push(stored(job));
  }
  return outcomes;
}

/**
 * Hands jobs that aren't tracked to the queue, or runs them here while that can't be reached.
 *
 * @throws QueueUnavailable where they may not be run here; else what their `run` throws
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
  for (const job of jobs) outcomes.push(await runHere(context, job));
  return outcomes;
}

function mayRunHere({ settings, table }: Context, { type, runAt }: NewJob): boolean {
  return settings.eager || (findJob(table, type)?.fallback !== false && runAt === null);
}

async function runHere(context: Context, job: NewJob): Promise<Enqueued> {
  if (context.provider)
    context.log(`[${labelOf(context.table, job.queue)}] Fehler beim Hinzufügen zur Queue, verwende Fallback`);
  return (await context.executor.runHere(job)) ? done(job) : stored(job);
}
