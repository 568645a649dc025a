import { Gauge, Registry } from "prom-client";
import type { Provider } from "../provider/provider";
import type { Store } from "../store/store";
import type { Table } from "../table/types";

/** What queues and task table are asked for. */
export interface Holdings {
  readonly table: Table;
  readonly store: Store;
  readonly provider: Provider | undefined;
}

const STATES = ["scheduled", "waiting", "active", "completed", "failed"] as const;

/** What the queues and the task table hold now. What can't be asked now is left out. */
export async function measureHoldings({ table, store, provider }: Holdings): Promise<Registry> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const size = gauge("queue_size", "Jobs that wait for a worker", ["queue"]);
  const jobs = gauge("queue_jobs", "Jobs that the queue has", ["queue", "state"]);
  const paused = gauge("queue_paused", "1: the queue is paused", ["queue"]);
  const letters = gauge("dead_letters", "Jobs that failed for good and that nobody has settled", ["queue"]);
  // Without a value they would say 0, which isn't so while nobody can be asked.
  const outgoing = gauge("jobs_outgoing", "Tasks that have to get to the queue still", ["database"]);

  const askQueue = async (queue: string) => {
    const counts = await provider?.counts(queue);
    if (!counts) return;
    size.set({ queue }, counts.waiting);
    for (const state of STATES) jobs.set({ queue, state }, counts[state]);
    paused.set({ queue }, counts.paused ? 1 : 0);
  };
  const askStore = async (queue: string) => {
    const { total } = await store.deadLetters({ queue, limit: 1 });
    letters.set({ queue }, total);
  };
  const names = Object.keys(table.queues);
  await Promise.allSettled([
    ...names.map(askQueue),
    ...names.map(askStore),
    store.outgoing().then((count) => outgoing.set({ database: store.kind }, count)),
  ]);
  return registry;
}
