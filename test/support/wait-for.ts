import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two probes: short enough to see a job's progress pass by. */
const PACE = 25;

/**
 * Waits until `probe` gives something truthy. One that throws is asked again: what is waited for often refuses until then.
 *
 * @param what for the time-out's message, which names what never happened, with the last error of the probe
 * @param seconds 10 by default
 * @returns what the probe gave
 */
export async function waitFor<T>(what: string, probe: () => T | Promise<T>, seconds = 10): Promise<T & {}> {
  let last: unknown;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(PACE)) {
    try {
      const seen = await probe();
      if (seen) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(
    `waited ${seconds} s for ${what}${last === undefined ? "" : ` (${last instanceof Error ? last.message : last})`}`,
  );
}
