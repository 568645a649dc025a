import { Worker } from "node:worker_threads";
import { Unrecoverable } from "../errors";
import { log, reason } from "../log";
import type { Settings } from "../settings";
import { openStore } from "../store/open";
import type { Store } from "../store/store";
import type { Table } from "../table/types";
import { type Carried, carryHere, type Held } from "./carry";
import { Effects } from "./effects";
import { type Answer, MARKER, type Order, type SentError } from "./sandbox-messages";

/** Ends this process when its worker is gone, also while a job keeps the main thread busy. */
const WATCHDOG = `
const worker = process.ppid;
setInterval(() => { if (process.ppid !== worker) process.kill(process.pid, "SIGKILL"); }, 500);
`;

let began = false;

/**
 * To be called first of all by the file that a worker process is started with: it is started again for jobs of types that
 * are `sandboxed`. True: this process is such a sandbox, takes jobs from its worker, and should do nothing else.
 */
export function maybeRunSandbox(table: Table): boolean {
  if (process.env[MARKER] !== "1" || !process.send) return false;
  // In development one file is backend and worker: each asks.
  if (began) return true;
  began = true;
  new Worker(WATCHDOG, { eval: true }).unref();
  // The worker decides when this process ends; those who stop the worker signal to all of its processes.
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => {});
  process.on("disconnect", () => process.exit());
  let running: Carried | undefined;
  process.on("message", (order: Order) => {
    if (order.do === "abort") running?.abort(order.why);
    else running = runOne(table, order.held, order.settings);
  });
  answer({ say: "ready" });
  return true;
}

let store: Promise<Store> | undefined;

function runOne(table: Table, held: Held, settings: Settings): Carried | undefined {
  const job = table.jobs.find(({ name }) => name === held.type);
  if (!job) {
    fail(new Error(`the sandbox's table has no job type ${JSON.stringify(held.type)}`));
    return undefined;
  }
  const carried = carryHere(job, held, {
    keys: settings.encryptionKeys,
    effects: new Effects(() => (store ??= openStore(settings))),
    log,
    send: async (percent, message) => answer({ say: "progress", percent, message }),
  });
  carried.done.then(
    (result) => answer({ say: "completed", result, note: carried.note(), memory: process.memoryUsage.rss() }),
    fail,
  );
  return carried;
}

function fail(error: unknown): void {
  const { name, stack } = error instanceof Error ? error : new Error();
  const final = error instanceof Unrecoverable || name === "UnrecoverableError";
  const sent: SentError = { name, message: reason(error), stack, final };
  answer({ say: "failed", error: sent, memory: process.memoryUsage.rss() });
}

function answer(what: Answer): void {
  process.send?.(what);
}
