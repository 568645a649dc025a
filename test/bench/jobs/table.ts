import { setTimeout as sleep } from "node:timers/promises";
import { type AnyJob, defineJob, defineTable, readSettings, type Settings } from "queuehost/jobs";
import { z } from "zod";
import { now } from "./serve";

/** The one job of the rates: what a mail would carry. */
export const MAIL = {
  to: "someone@example.com",
  subject: "Your reservation is confirmed",
  body: "Dear guest, we look forward to seeing you on Saturday at eight. Please tell us in time if you can't come.",
};
const mail = z.object({ to: z.string(), subject: z.string(), body: z.string() });

/** Called at the end of each run. */
export const counter = { count: () => {} };
const run = async () => counter.count();

export const plain = defineJob({
  name: "plain",
  queue: "bench",
  description: "Nothing but the way",
  payload: mail,
  tracked: false,
  attempts: 3,
  backoff: 1000,
  run,
});
export const tracked = defineJob({ ...plain, name: "tracked", tracked: true });

/** How the work of a job keeps its process: in its own hands, or waiting for another. */
export const KINDS = ["computes", "waits"] as const;

export async function doWork(kind: (typeof KINDS)[number], ms: number): Promise<void> {
  if (kind === "waits") return await sleep(ms);
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Called with each job's number and when its run had ended. */
export const results = { note: (_number: number, _at: number) => {} };

export const work = defineJob({
  name: "work",
  queue: "work",
  description: "Takes a while",
  payload: z.object({ number: z.number(), kind: z.enum(KINDS), ms: z.number() }),
  async run({ number, kind, ms }) {
    await doWork(kind, ms);
    results.note(number, now());
  },
});

/** Jobs that were never run are none of the bench's business: no limit refuses one. */
const many = { maxWaiting: 10_000_000 };

export const table = defineTable({
  queues: {
    bench: { description: "For rates", ...many },
    work: { description: "For responses", ...many },
  },
  jobs: [plain, tracked, work] as AnyJob[],
});

export const settingsOf = (port: number, stateDir: string, prefix: string, concurrency: number): Settings =>
  readSettings({
    REDIS_PORT: String(port),
    STATE_DIR: stateDir,
    QUEUE_PREFIX: prefix,
    QUEUE_CONCURRENCY: String(concurrency),
  });
