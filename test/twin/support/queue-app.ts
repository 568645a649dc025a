import { bundled } from "../../support/bundled";
import { type TinyRelease, tinyRelease } from "./tiny-app";

/** What the worker of a release does with a job. */
export const WORK = {
  well: "await sleep(10);",
  /** Every job fails for good; the rest of the release is healthy. */
  failing: 'throw new Error("no such column: paid");',
  /** Ten times fewer jobs than come. */
  slow: "await sleep(3000);",
  /** Nothing else happens in the process meanwhile: locks aren't renewed. */
  blocking: "const end = Date.now() + 4000; while (Date.now() < end);",
  /** The process ends, a while after its gate. */
  crashing: "await sleep(10); if (process.uptime() > 4) process.exit(3);",
} as const;

const CONNECTION = `const connection = { host: "127.0.0.1", port: 6379, password: process.env.REDIS_PASSWORD, maxRetriesPerRequest: null };`;

const WORKER = (work: string) => `const { Worker } = require("bullmq");
const { appendFileSync } = require("node:fs");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
${CONNECTION}
const limits = { concurrency: 5, lockDuration: 2000, stalledInterval: 1000, maxStalledCount: 20 };
const worker = new Worker("orders", async (job) => {
  ${work}
  appendFileSync(process.env.STATE_DIR ? process.env.STATE_DIR + "/done" : process.env.HOME + "/done", job.id + "\\n");
}, { connection, prefix: "tiny", ...limits });
worker.on("error", () => {});
process.on("SIGTERM", () => worker.close().then(() => process.exit(0)));
`;

/** Adds jobs at a pace, until it is stopped. */
const LOAD = `const { Queue } = require("bullmq");
${CONNECTION}
const queue = new Queue("orders", { connection, prefix: "tiny" });
let made = 0;
setInterval(() => {
  const options = { jobId: "order-" + process.argv[2] + "-" + ++made, removeOnFail: { count: 1000 } };
  queue.add("pay", { order: made, iban: "DE00 1234" }, options).catch(() => {});
}, 1000 / Number(process.argv[3]));
`;

/** A release whose worker does BullMQ's jobs, and which brings what adds them: \`node load.js NAME PER_SECOND\`. */
export function queueRelease(folder: string, work: string): TinyRelease {
  return tinyRelease(folder, { "worker.js": bundled(WORKER(work)), "load.js": bundled(LOAD) });
}
