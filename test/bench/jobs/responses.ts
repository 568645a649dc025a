import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../../support/wait-for";
import { RedisServer } from "../../unit/app/support/redis-server";
import { quantile, table } from "./figures";
import { openLoad, PATIENCE_MS, type Sent } from "./load";
import { bundle, Program } from "./program";
import type { KINDS } from "./table";

/**
 * `slots`: how many can be done at the same time, by whatever is behind them; what computes has one core. `concurrency`: of the
 * worker, which may hold more than that.
 */
interface Work {
  readonly ms: number;
  readonly kind: (typeof KINDS)[number];
  readonly slots: number;
  readonly concurrency: number;
  readonly seconds: number;
}

const WORKS: readonly Work[] = [
  { ms: 5, kind: "computes", slots: 1, concurrency: 5, seconds: 15 },
  { ms: 100, kind: "waits", slots: 10, concurrency: 10, seconds: 15 },
  { ms: 2000, kind: "waits", slots: 20, concurrency: 20, seconds: 40 },
];
const LOADS = [0.3, 0.7, 1, 1.3] as const;
const MODES = ["sync", "queued"] as const;

/**
 * What a request waits for, done within it and handed to a queue: the answer, and the end of the work. Requests come at their
 * time, whether those before have been answered or not.
 *
 * @param share of the time that each load lasts
 * @returns lines to print
 */
export async function measureResponses(share: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-bench-"));
  const redis = await RedisServer.start();
  try {
    const program = await bundle(join(__dirname, "responder.ts"), folder);
    const rows: string[][] = [];
    for (const work of WORKS)
      for (const load of LOADS)
        for (const mode of MODES) {
          await redis.command("FLUSHALL");
          const row = await measure({ work, load, mode, port: redis.port, folder, program, share });
          console.error(row.join("  "));
          rows.push(row);
        }
    const head = [
      "job",
      "load",
      "mode",
      "requests",
      "answer p50",
      "p95",
      "p99",
      "result p50",
      "p95",
      "p99",
      "unanswered",
    ];
    return table(head, rows);
  } finally {
    await redis.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Point {
  readonly work: Work;
  readonly load: number;
  readonly mode: (typeof MODES)[number];
  readonly port: number;
  readonly folder: string;
  readonly program: string;
  readonly share: number;
}

async function measure({ work, load, mode, port, folder, program, share }: Point): Promise<string[]> {
  const { kind, ms, slots, concurrency } = work;
  const stateDir = mkdtempSync(join(folder, "state-"));
  const ended = new Map<number, number>();
  const note = (event: unknown) => {
    const { number, at } = event as { number: number; at: number };
    ended.set(number, at);
  };
  const backend = Program.start(program, {}, note);
  const worker = mode === "queued" ? Program.start(program, { WORKER: "yes" }, note) : undefined;
  try {
    const prefix = "bench";
    const listening = await backend.ask<number>("listen", port, stateDir, prefix, slots);
    await worker?.ask("listen", port, stateDir, prefix, concurrency);
    const url = `http://127.0.0.1:${listening}/${mode}`;
    // Connections are made and code is compiled; none of these counts.
    await openLoad(url, { perSecond: 20, seconds: 1, seed: 1 }, (number) => ({ number: -1 - number, kind, ms: 1 }));
    const capacity = (slots * 1000) / ms;
    const arriving = { perSecond: capacity * load, seconds: work.seconds * share, seed: 7 };
    const sent = await openLoad(url, arriving, (number) => ({ number, kind, ms }));
    const accepted = sent.flatMap(({ answered }, number) => (answered === undefined ? [] : [number]));
    await waitFor("the end of the work", () => accepted.every((number) => ended.has(number)), 120);
    return row(work, load, mode, sent, ended);
  } finally {
    await Promise.all([backend.end(), worker?.end()]);
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function row(
  { kind, ms }: Work,
  load: number,
  mode: string,
  sent: readonly Sent[],
  ended: ReadonlyMap<number, number>,
) {
  const answers = sent.map(({ answered }) => answered ?? PATIENCE_MS);
  const results = sent.flatMap(({ due }, number) => {
    const at = ended.get(number);
    return at === undefined ? [] : [at - due];
  });
  const shown = (values: readonly number[]) => [0.5, 0.95, 0.99].map((share) => inMs(quantile(values, share)));
  const unanswered = sent.filter(({ answered }) => answered === undefined).length;
  return [
    `${ms} ms, ${kind}`,
    `${Math.round(load * 100)} %`,
    mode,
    String(sent.length),
    ...shown(answers),
    ...shown(results),
    String(unanswered),
  ];
}

const inMs = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en"));
