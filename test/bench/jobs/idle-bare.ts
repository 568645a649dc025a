// BullMQ's worker by itself, beside which the library's is measured.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { serve } from "./serve";

const connection = new Redis({ host: "127.0.0.1", port: Number(process.env.REDIS), maxRetriesPerRequest: null });
const queue = new Queue("bench", { connection, prefix: "bare" });
let done = 0;
const run = async () => {
  done += 1;
};
new Worker("bench", run, { connection, prefix: "bare", concurrency: 50 });

serve({
  ready: () => queue.waitUntilReady().then(() => undefined),
  done: () => done,
  add: async (data: object, n: number) => {
    await queue.addBulk(Array.from({ length: n }, () => ({ name: "plain", data })));
  },
  collect: () => globalThis.gc?.(),
  end: () => process.exit(0),
});
