import { setTimeout as sleep } from "node:timers/promises";
import { type AnyJob, type Jobs, type PayloadOf, QueueUnavailable, type RecurringInput } from "queuehost/jobs";
import { cleanupExports, cleanupReports, dataCleanup } from "./types";

/** Milliseconds between two tries while the queue can't be reached. */
const RETRY_MS = 5000;

/** What is done every night (UTC) without anybody asking for it: otherwise files and rows pile up. */
const nightly: readonly RecurringInput[] = [
  at("0 3 * * *", "cleanup-exports", cleanupExports, {}),
  at("10 3 * * *", "cleanup-reports", cleanupReports, {}),
  at("20 3 * * *", "cleanup-uploads", dataCleanup, { data: "uploads" }),
  at("30 3 * * *", "cleanup-imports", dataCleanup, { data: "imports" }),
  at("40 3 * * *", "cleanup-events", dataCleanup, { data: "events" }),
];

/**
 * Sets those that aren't there, as soon as the queue can be reached; what an operator has changed stays as it is.
 *
 * @param signal ends the trying
 */
export async function setRecurring(jobs: Jobs, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const there = new Set((await jobs.recurring()).map(({ name }) => name));
      for (const recurring of nightly) if (!there.has(recurring.name)) await jobs.setRecurring(recurring);
      return;
    } catch (error) {
      if (!(error instanceof QueueUnavailable || signal.aborted)) throw error;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function at<Job extends AnyJob>(cron: string, name: string, job: Job, payload: PayloadOf<Job>): RecurringInput {
  return { name, job, payload, cron };
}
