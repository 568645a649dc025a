import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { defineJob, defineTable, readSettings, type Settings } from "queuehost/jobs";
import { z } from "zod";

/** Where a job's mail goes; the other side knows a repeat by its key. */
const SINK = Number(process.env.SINK);

/** How often a job fails by itself, the first time. */
const FAILS = 0.1;

function post(key: string): Promise<void> {
  return new Promise((settle, fail) => {
    const asked = request({ port: SINK, method: "POST", path: `/${key}` }, (response) => {
      response.resume().once("end", () => settle());
    });
    asked.once("error", fail).end();
  });
}

/** Takes a while, writes a row, sends a mail; each of which is to be had once. */
export const effect = defineJob({
  name: "effect",
  queue: "chaos",
  description: "Has two effects: in the task database, and elsewhere",
  payload: z.object({ id: z.string(), ms: z.number(), luck: z.number() }),
  attempts: 10,
  backoff: 200,
  async run({ id, ms, luck }, { once, deliver, attempt }) {
    await sleep(ms / 2);
    await once(async (transaction) => {
      await sql`insert into chaos_effects (job) values (${id})`.execute(transaction);
    }, `row-${id}`);
    if (attempt === 1 && luck < FAILS) throw new Error("bad luck");
    await deliver(post, `mail-${id}`);
    await sleep(ms / 2);
  },
});

export const table = defineTable({
  queues: { chaos: { description: "What is killed all the time", maxWaiting: 10_000_000 } },
  jobs: [effect],
});

export const settings = (): Settings =>
  readSettings({
    REDIS_PORT: process.env.REDIS ?? "",
    STATE_DIR: process.env.FOLDER ?? "",
    QUEUE_CONCURRENCY: "10",
    ...(process.env.DATABASE ? { DATABASE_URL: process.env.DATABASE } : {}),
  });
