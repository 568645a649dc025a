import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../support/wait-for";
import { RedisServer } from "../../unit/app/support/redis-server";
import { bundle, Program } from "../jobs/program";
import { Clients } from "./client";
import { chance, type Fault, trouble } from "./faults";
import { Sink } from "./sink";

const WORKERS = 2;
const CLIENTS = 6;
/** Seconds that all that was acknowledged may take, once nothing goes wrong any more. */
const CALM_S = 120;

interface State {
  readonly rows: readonly (readonly [string, number])[];
  readonly unfinished: number;
  readonly completed: number;
  readonly failed: number;
  readonly outgoing: number;
}

/** What came of it. The lists name jobs, and are empty where all is well. */
export interface Outcome {
  readonly seed: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly acknowledged: number;
  /** Of the jobs whose client never got an answer, so many were done. */
  readonly unanswered: { readonly all: number; readonly done: number };
  readonly outcomes: Readonly<Record<string, number>>;
  /** Mails that came more than once, which their key shows: the process was killed between a mail and its mark. */
  readonly repeatedMails: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Done, and never asked for. */
  readonly invented: readonly string[];
  readonly unmailed: readonly string[];
  /** Tasks that have failed for good, though their effects were possible. */
  readonly failed: number;
}

/**
 * Kills workers, backend and Redis at random while clients enqueue, and counts in the end what came of each job.
 *
 * @param database URL of a PostgreSQL; undefined: SQLite
 */
export async function chaos(seconds: number, seed: number, database?: string): Promise<Outcome> {
  const random = chance(seed);
  const folder = mkdtempSync(join(tmpdir(), "queuehost-chaos-"));
  const sink = new Sink();
  const redis = await RedisServer.start();
  let port: number | undefined;
  const crew = { backend: [] as Program[], worker: [] as Program[] };
  try {
    const program = await bundle(join(__dirname, "member.ts"), folder);
    const env = {
      REDIS: String(redis.port),
      FOLDER: folder,
      SINK: String(await sink.listen()),
      ...(database === undefined ? {} : { DATABASE: database }),
    };
    const start = async (role: "backend" | "worker", prepare = false) => {
      const member = Program.start(program, env);
      crew[role].push(member);
      if (prepare) await member.ask("prepare");
      if (role === "backend") port = await member.ask<number>("listen");
      else await member.ask("work");
    };
    await start("backend", true);
    for (let n = 0; n < WORKERS; n += 1) await start("worker");
    const replace = async (role: "backend" | "worker", afterMs: number) => {
      if (role === "backend") port = undefined;
      await crew[role].shift()?.kill();
      await sleep(afterMs);
      await start(role);
    };
    const clients = new Clients(() => port, random, CLIENTS);
    const faults = await trouble({ redis, replace }, seconds, random);
    const ledger = await clients.stop();
    const state = await settled(crew.backend[0], ledger.acknowledged);
    const rows = new Map(state.rows);
    const asked = new Set([...ledger.acknowledged, ...ledger.unknown]);
    const mails = [...sink.taken].map(([key, times]) => [key.replace(/^mail-/, ""), times] as const);
    return {
      seed,
      faults,
      acknowledged: ledger.acknowledged.size,
      unanswered: { all: ledger.unknown.size, done: [...ledger.unknown].filter((id) => rows.has(id)).length },
      outcomes: Object.fromEntries(ledger.outcomes),
      repeatedMails: mails.filter(([, times]) => times > 1).length,
      lost: [...ledger.acknowledged].filter((id) => !rows.has(id)),
      doubled: [...rows].filter(([, times]) => times > 1).map(([id]) => id),
      invented: [...rows.keys(), ...mails.map(([id]) => id)].filter((id) => !asked.has(id)),
      unmailed: [...rows.keys()].filter((id) => !sink.taken.has(`mail-${id}`)),
      failed: state.failed,
    };
  } finally {
    await Promise.all([...crew.backend, ...crew.worker].map((member) => member.kill()));
    sink.close();
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Once nothing is left to do, or it is clear that something stays. */
async function settled(backend: Program | undefined, acknowledged: ReadonlySet<string>): Promise<State> {
  let last: State | undefined;
  const done = async () => {
    last = await backend?.ask<State>("state");
    await sleep(200);
    const rows = new Set(last?.rows.map(([id]) => id));
    return last?.unfinished === 0 && last.outgoing === 0 && [...acknowledged].every((id) => rows.has(id));
  };
  await waitFor("the end of all jobs", done, CALM_S).catch((error: Error) => {
    const { unfinished, outgoing, failed } = last ?? {};
    console.error(`${error.message}: ${unfinished} unfinished, ${outgoing} outgoing, ${failed} failed`);
  });
  if (!last) throw new Error("the backend doesn't say how things are");
  return last;
}
