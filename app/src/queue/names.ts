import type { JobsOptions } from "bullmq";

/** How urgent a reservation is. Each has a queue of its own. */
export const PRIORITIES = ["high", "default", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The queues as Redis knows them. */
export const QUEUES: Readonly<Record<Priority, string>> = {
  high: "reservation-high",
  default: "reservation",
  low: "reservation-low",
};

export const JOB = "confirm";

const HOUR_S = 60 * 60;

/**
 * Three attempts, 1 s and 2 s apart. A finished job stays for a day, so that its state can be asked for and a repeated
 * request meets it; a failed one for a week, so that someone can look at it.
 */
export const jobOptions: JobsOptions = {
  attempts: 3,
  backoff: { type: "exponential", delay: 1000 },
  removeOnComplete: { age: 24 * HOUR_S, count: 10_000 },
  removeOnFail: { age: 7 * 24 * HOUR_S, count: 10_000 },
};
