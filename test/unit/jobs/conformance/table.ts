import { z } from "zod";
import type { NewJob } from "../../../../app/jobs/provider/provider";
import type { Settings } from "../../../../app/jobs/settings";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { defineTable } from "../../../../app/jobs/table/define-table";

const job = (name: string, queue: string, priority: "high" | "normal") =>
  defineJob({
    name,
    queue,
    priority,
    description: "Of a test",
    payload: z.object({}),
    run: async () => {},
  });

/** What providers are tried with. Types of both priorities in each queue: so BullMQ sorts them by priority. */
export const table = defineTable({
  queues: {
    first: { description: "Before the second", storedAs: "first-queue" },
    second: { description: "After the first" },
    brief: { description: "Keeps two", keepCompleted: { age: 3600, count: 2 }, keepFailed: { age: 3600, count: 1 } },
    fleeting: { description: "Keeps them for a second", keepCompleted: { age: 1, count: 1000 } },
    limited: { description: "Two in a second and a half", rateLimit: { max: 2, perMs: 1500 } },
  },
  jobs: ["first", "second", "brief", "fleeting", "limited"].flatMap((queue) => [
    job(`${queue}-urgent`, queue, "high"),
    job(`${queue}-normal`, queue, "normal"),
  ]),
  ordered: [["first", "second"]],
});

export function settingsWith(env: Readonly<Record<string, string>>, prefix: string): Settings {
  return readSettings({ ...env, QUEUE_PREFIX: prefix });
}

let made = 0;
/** A job of the first queue, with an id of its own. */
export function newJob(some: Partial<NewJob> = {}): NewJob {
  made += 1;
  const queue = some.queue ?? "first";
  return {
    id: `job-${made}`,
    queue,
    type: `${queue}-normal`,
    payload: JSON.stringify({ made }),
    priority: 5,
    attempts: 3,
    backoff: 50,
    runAt: null,
    ...some,
  };
}
