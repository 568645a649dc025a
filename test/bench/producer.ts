// Runs on the bench's server, as the application would: adds jobs to a queue that no worker empties.
//   producer FILE SECONDS RATE   notes each acknowledged id in FILE as soon as it is; RATE a second, 0 for as many as it can
//   producer FILE                says how many of those are in Redis
// Prints JSON.
import { appendFileSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { Redis } from "ioredis";

/** Each has one job under way at a time. */
const CLIENTS = 4;
const QUEUE = "queuehost-bench";
const connection = {
  host: "127.0.0.1",
  port: 6379,
  password: process.env.REDIS_PASSWORD ?? "",
  maxRetriesPerRequest: null,
  retryStrategy: () => 100,
};
const prefix = process.env.QUEUE_PREFIX ?? "bull";
const [file = "", seconds, rate = "0"] = process.argv.slice(2);

async function produce(forSeconds: number, perSecond: number) {
  const queue = new Queue(QUEUE, { connection, prefix });
  queue.on("error", () => undefined);
  await queue.waitUntilReady();
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + forSeconds * 1000;
  let last = begin;
  let longestGap = 0;
  let made = 0;
  const client = async () => {
    while (performance.now() < end) {
      const due = perSecond > 0 ? begin + (made / perSecond) * 1000 : performance.now();
      made += 1;
      const id = `${process.pid}-${made}`;
      if (due > performance.now()) await sleep(due - performance.now());
      await queue.add("send", { to: `someone-${id}@example.com` }, { jobId: id });
      const now = performance.now();
      appendFileSync(file, `${id}\n`);
      latencies.push(now - due);
      longestGap = Math.max(longestGap, now - last);
      last = now;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await queue.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { acknowledged: latencies.length, longestGapMs: longestGap, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function count() {
  const redis = new Redis(connection);
  const ids = readFileSync(file, "utf8").split("\n").slice(0, -1);
  let found = 0;
  for (let from = 0; from < ids.length; from += 1000) {
    const keys = ids.slice(from, from + 1000).map((id) => `${prefix}:${QUEUE}:${id}`);
    found += await redis.exists(...keys);
  }
  await redis.quit();
  return { acknowledged: ids.length, found };
}

(seconds === undefined ? count() : produce(Number(seconds), Number(rate))).then(
  (result) => console.log(JSON.stringify(result)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
