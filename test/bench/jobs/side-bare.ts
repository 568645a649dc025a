// The other side of the rates: BullMQ by itself, with the options that the library gives it.
import { randomUUID } from "node:crypto";
import { type JobsOptions, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { type Opened, type Place, rates } from "./measures";
import { serve } from "./serve";
import { MAIL } from "./table";

const DAY_S = 24 * 60 * 60;

const options = (): JobsOptions => ({
  jobId: randomUUID(),
  attempts: 3,
  backoff: { type: "exponential", delay: 1000 },
  removeOnComplete: { age: DAY_S, count: 10_000 },
  removeOnFail: { age: 7 * DAY_S, count: 10_000 },
});

async function open({ port, prefix }: Place, concurrency = 1): Promise<Opened> {
  const common = { host: "127.0.0.1", port, family: 4, protocol: 2 } as const;
  const connection = new Redis({ ...common, maxRetriesPerRequest: null });
  const queue = new Queue("bench", { connection, prefix });
  await queue.waitUntilReady();
  let worker: Worker | undefined;
  return {
    add: () => queue.add("plain", MAIL, options()),
    addBulk: (n) => queue.addBulk(Array.from({ length: n }, () => ({ name: "plain", data: MAIL, opts: options() }))),
    work(count) {
      const run = async () => count();
      const lock = { lockDuration: 5000, stalledInterval: 2500, maxStalledCount: 10 };
      worker = new Worker("bench", run, { connection, prefix, concurrency, ...lock });
    },
    async close() {
      await worker?.close();
      await queue.close();
      connection.disconnect();
    },
  };
}

serve(rates(open));
