import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { defineJob } from "queuehost/jobs";
import { z } from "zod";

/** Elements between two looks at the signal; that long, nothing else of the process has a turn. */
const STEP = 1000;

export const processLargeDataset = defineJob({
  name: "process-large-dataset",
  queue: "tasks",
  description: "Counts the primes of a range, with progress; may be cancelled at any time",
  payload: z
    .strictObject({
      from: z.int().min(0).max(10_000_000).default(0),
      to: z.int().min(1).max(10_000_000),
      /** Milliseconds of rest after each step of 1000, to watch it. */
      paceMs: z.int().min(0).max(10_000).default(0),
    })
    .refine(({ from, to }) => from <= to, { path: ["to"], error: "should not be less than `from`" }),
  async run({ from, to, paceMs }, { progress, signal }) {
    const total = to - from + 1;
    let primes = 0;
    for (let done = 0; done < total; ) {
      signal.throwIfAborted();
      const end = Math.min(done + STEP, total);
      for (; done < end; done++) if (isPrime(from + done)) primes += 1;
      await progress((done / total) * 100, `${done}/${total} Elemente verarbeitet`);
      await (paceMs > 0 ? sleep(paceMs, undefined, { signal }) : turn());
    }
    return { primes };
  },
});

function isPrime(value: number): boolean {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}
