import type { Deployment } from "../deployment";
import { waitFor } from "../wait-for";
import { Load, type Outcome } from "./load";
import type { JobTraffic } from "./traffic";

/** What came of some work under load. The two lists are empty where all is well. */
export interface Account extends Outcome {
  /** How many jobs the application has taken on. */
  readonly enqueued: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

/** How long the last jobs may take, in seconds: one of a worker that was killed waits up to 10. */
const LAST_JOBS_S = 60;

/**
 * Does some work while requests come at a constant rate, and accounts for every request and every job.
 *
 * @param rate requests a second
 */
export async function underLoad(
  deployment: Deployment,
  traffic: JobTraffic,
  rate: number,
  work: () => Promise<void>,
): Promise<Account> {
  const { url } = await deployment.subject();
  const load = new Load(url, rate, traffic);
  let outcome: Outcome;
  try {
    await work();
  } finally {
    outcome = await load.stop();
  }
  const jobs = [...traffic.jobs];
  const lost = async () => {
    const effects = await traffic.effects(deployment);
    return jobs.filter((id) => !effects.has(id));
  };
  await waitFor("all jobs to be done", async () => (await lost()).length === 0, LAST_JOBS_S).catch(() => {});
  const effects = await traffic.effects(deployment);
  const doubled = [...effects].filter(([, count]) => count > 1).map(([id]) => id);
  return { ...outcome, enqueued: jobs.length, lost: await lost(), doubled };
}

/** An account in one line. */
export function told({ sent, failures, longestGap, p50, p99, enqueued, lost, doubled }: Account): string {
  const requests = `${sent} requests, ${failures.length} failed, longest gap ${longestGap} ms, p50 ${p50} ms, p99 ${p99} ms`;
  return `${requests}; ${enqueued} jobs, ${lost.length} lost, ${doubled.length} done twice`;
}
