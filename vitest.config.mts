import { join } from "node:path";
import { defineConfig } from "vitest/config";

const resolve = { alias: { "queuehost/jobs": join(import.meta.dirname, "app/jobs/index.ts") } };

/**
 * What fails is tried once more, in the state that it left behind, and named if it passes then: a real machine, database or
 * queue is now and then too slow for what was thought to be ample, and a run takes an hour.
 */
const retry = 1;

/** Each file of tests has a twin of its own. Two at a time: while one waits for a machine, the other is at work. */
const machines = { maxWorkers: 2, sequence: { groupOrder: 1 }, retry };

/** Three kinds of tests: `unit` needs nothing but Node, `twin` real machines, `e2e` the engine on top of them. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 60_000,
          retry,
          // Those of the queue wait for databases and for time to pass more than they work.
          maxWorkers: 2,
        },
      },
      {
        resolve,
        test: {
          name: "twin",
          include: ["test/twin/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 600_000,
          ...machines,
        },
      },
      {
        resolve,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          ...machines,
        },
      },
    ],
  },
});
