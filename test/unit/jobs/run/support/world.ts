import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BullmqProvider, openBullmq } from "../../../../../app/jobs/provider/bullmq";
import type { NewJob, TakenJob } from "../../../../../app/jobs/provider/provider";
import { createExecutor, type Executor } from "../../../../../app/jobs/run/executor";
import type { EndedRun } from "../../../../../app/jobs/run/hooks";
import { startWorking } from "../../../../../app/jobs/run/working";
import type { Settings } from "../../../../../app/jobs/settings";
import { readSettings } from "../../../../../app/jobs/settings-from-env";
import { openStore } from "../../../../../app/jobs/store/open";
import type { NewTask, Store } from "../../../../../app/jobs/store/store";
import type { AnyJob, Table } from "../../../../../app/jobs/table/types";

let made = 0;

/** What is needed to run jobs: a table, settings, a task database of its own, and the lines of its log. */
export class World {
  readonly lines: string[] = [];
  readonly ended: EndedRun[] = [];
  readonly table: Table;
  readonly settings: Settings;
  readonly folder = mkdtempSync(join(tmpdir(), "queuehost-run-"));
  private readonly closing: (() => Promise<void>)[] = [];

  /** @param queues of the table; more than one are an ordered group */
  constructor(jobs: readonly AnyJob[], env: Record<string, string> = {}, queues: readonly string[] = ["work"]) {
    const described = queues.map((name) => [
      name,
      { description: "Of a test", label: name === "work" ? "Work" : name },
    ]);
    this.table = { queues: Object.fromEntries(described), jobs, ...(queues.length > 1 && { ordered: [queues] }) };
    made += 1;
    this.settings = readSettings({ STATE_DIR: this.folder, QUEUE_PREFIX: `w-${process.pid}-${made}`, ...env });
  }

  readonly log = (line: string): void => {
    this.lines.push(line);
  };

  async store(): Promise<Store> {
    const store = await openStore(this.settings);
    this.closing.push(() => store.close());
    return store;
  }

  executor(store: Store, sandboxEntry?: string): Executor {
    const hooks = { ended: (run: EndedRun) => void this.ended.push(run) };
    const { table, settings, log } = this;
    const executor = createExecutor({ table, settings, store, log, hooks, ...(sandboxEntry && { sandboxEntry }) });
    this.closing.push(() => executor.close());
    return executor;
  }

  async provider(): Promise<BullmqProvider> {
    const provider = openBullmq(this.table, this.settings, this.log);
    this.closing.push(() => provider.close());
    await provider.settled;
    return provider;
  }

  /** Takes jobs until the test is over. */
  work(provider: BullmqProvider, executor: Executor, queues = Object.keys(this.table.queues)) {
    const { table, settings, log } = this;
    const working = startWorking({ table, settings, provider, executor, queues, log });
    this.closing.push(() => working.stop(0));
    return working;
  }

  async close(): Promise<void> {
    for (const close of this.closing.reverse()) await close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A job of a type, ready for a queue. */
export function newJob(type: string, some: Partial<NewJob> = {}): NewJob {
  made += 1;
  const id = `job-${made}`;
  return { id, queue: "work", type, payload: "{}", priority: 5, attempts: 3, backoff: 50, runAt: null, ...some };
}

export function newTask(job: NewJob): NewTask {
  return { ...job, digest: "0123456789abcdef", orderKey: null };
}

/** A job as a worker's provider hands it over. */
export function taken(job: NewJob, some: Partial<TakenJob> = {}): TakenJob {
  return {
    ...job,
    attempt: 1,
    dueAt: Date.now(),
    readyAt: null,
    signal: new AbortController().signal,
    progress: async () => {},
    ...some,
  };
}
