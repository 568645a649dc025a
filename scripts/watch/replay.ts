import type { HeldJob, HeldRelease } from "./held";
import { open } from "./held";
import type { ReplayServer } from "./replay-server";
import type { Outcome, Queues } from "./run-again";

/** Jobs between two notes on the server: an interrupted replay leaves no more than these in doubt. */
const BATCH = 200;
/** Jobs at a time. */
const ABREAST = 20;

/** How a replay went. */
export interface Result {
  again: number;
  since: number;
  readonly refused: { readonly id: string; readonly queue: string; readonly reason: string }[];
  /** Whether it was ended before all was done. */
  interrupted: boolean;
}

export interface Parts {
  readonly server: ReplayServer;
  readonly queues: Queues;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** Runs the jobs of a release again, each once, whatever becomes of this; what was done is noted on the server. */
export async function replay(
  release: HeldRelease,
  wanted: (job: HeldJob) => boolean,
  { server, queues, signal, onProgress }: Parts,
): Promise<Result> {
  const result: Result = { again: 0, since: 0, refused: [], interrupted: false };
  const jobs = open(release).filter(wanted);
  for (let at = 0; at < jobs.length; at += BATCH) {
    if (signal.aborted) return { ...result, interrupted: true };
    const batch = jobs.slice(at, at + BATCH);
    await server.begin(
      release.id,
      batch.map(({ line }) => line),
    );
    const outcomes = await abreast(batch, (job) => queues.runAgain(job, release.marks.get(job.line)));
    const settled = batch.filter((_, index) => ["again", "since"].includes(outcomes[index]?.kind ?? ""));
    await server.done(
      release.id,
      settled.map(({ line }) => line),
    );
    for (const [index, outcome] of outcomes.entries()) count(result, batch[index], outcome);
    onProgress(at + batch.length);
  }
  return result;
}

function count(result: Result, job: HeldJob | undefined, outcome: Outcome): void {
  if (outcome.kind === "again") result.again++;
  else if (outcome.kind === "since") result.since++;
  else if (outcome.kind === "refused" && job)
    result.refused.push({ id: job.id, queue: job.queue, reason: outcome.reason });
}

async function abreast<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < list.length; at += ABREAST)
    results.push(...(await Promise.all(list.slice(at, at + ABREAST).map(work))));
  return results;
}
