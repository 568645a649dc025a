import type { JobsOptions } from "bullmq";

export const QUEUE = "reservation";
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
