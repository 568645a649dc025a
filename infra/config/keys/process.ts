import { key } from "../key";
import { kinds } from "../kinds";

/** What can be said of each process: `process.<process>.<setting>`, with backend, worker or worker-<group> as the process. */
export const PROCESS_KEYS = {
  instances: key({
    kind: kinds.integer(1, 8),
    optional: true,
    example: "2",
    description: "How many of it run, 1 to 8; otherwise 2 of the backend and 1 of each group of workers",
  }),
  concurrency: key({
    kind: kinds.integer(1, 1000),
    optional: true,
    example: "10",
    description: "Its QUEUE_CONCURRENCY, in place of queue.concurrency",
  }),
  queues: key({
    kind: kinds.queues,
    optional: true,
    example: "high, default, low",
    description: "QUEUES: the queues that this group of workers serves, in order of priority, separated by commas",
  }),
  memory: key({
    kind: kinds.size,
    optional: true,
    example: "512mb",
    description: "Memory of each instance, beyond which it alone is ended and started again; otherwise 1gb",
  }),
  cpuWeight: key({
    kind: kinds.integer(1, 10_000),
    optional: true,
    example: "50",
    description: "Its share of a busy processor, against 100 of every other service",
  }),
  stopTimeout: key({
    kind: kinds.integer(1, 3600),
    optional: true,
    example: "120",
    description:
      "Seconds that it has to finish what it runs when it is to end, longer than its longest job; otherwise 30",
  }),
} as const;
