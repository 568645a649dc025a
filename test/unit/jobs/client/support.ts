import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Overrides, openJobs } from "../../../../app/jobs/client/open";
import type { Jobs } from "../../../../app/jobs/client/types";
import type { Settings } from "../../../../app/jobs/settings";
import { readSettings } from "../../../../app/jobs/settings-from-env";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { defineTable } from "../../../../app/jobs/table/define-table";
import type { Table } from "../../../../app/jobs/table/types";
import { RedisServer } from "../../app/support/redis-server";

/** What the jobs below did, in the order in which they did it. */
export const done: string[] = [];
/** Lets the jobs that wait go on. */
export const gates = new Map<string, () => void>();

const greeting = z.strictObject({ name: z.string().min(1).max(1000), fail: z.boolean().default(false) });

async function greet({ name, fail }: z.output<typeof greeting>) {
  if (fail) throw new Error(`no greeting for ${name}`);
  done.push(name);
  return { greeted: name };
}

const common = { queue: "mail", payload: greeting, attempts: 2, backoff: 10, run: greet };

export const tracked = defineJob({ ...common, name: "greet", description: "Greets" });
export const patient = defineJob({ ...common, name: "patient", description: "Greets, by a worker", fallback: false });
export const quick = defineJob({ ...common, name: "quick", description: "Greets, unnoticed", tracked: false });
export const strict = defineJob({ ...quick, name: "strict", description: "Neither", fallback: false });
export const once = defineJob({
  ...common,
  name: "once",
  description: "Greets once",
  idFrom: ({ name }) => `to-${name}`,
});
export const ordered = defineJob({ ...common, name: "ordered", description: "In order", orderBy: ({ name }) => name });
export const slow = defineJob({
  ...common,
  name: "slow",
  description: "Waits until it is let go, or cancelled",
  async run({ name }, { signal, progress }) {
    await progress(50, "half");
    await new Promise<void>((resolve, reject) => {
      gates.set(name, resolve);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    return null;
  },
});

export const sent = defineJob({
  ...common,
  name: "sent",
  description: "Sends something, which takes its time",
  run: ({ name }, { deliver }) =>
    deliver(async () => {
      done.push(name);
      await new Promise<void>((resolve) => gates.set(name, resolve));
    }),
});

export const sentUnnoticed = defineJob({ ...sent, name: "sent-unnoticed", tracked: false });

export const table = defineTable({
  queues: { mail: { description: "Mails", label: "Mail" }, other: { description: "Others", maxWaiting: 3 } },
  jobs: [tracked, patient, quick, strict, once, ordered, slow, sent, sentUnnoticed],
});

/** Clients of one test file: their Redis, their folders, their lines. */
export class Clients {
  readonly lines: string[] = [];
  private readonly open: Jobs[] = [];
  private readonly folders: string[] = [];

  private constructor(readonly server: RedisServer) {}

  static async start(): Promise<Clients> {
    return new Clients(await RedisServer.start());
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), "queuehost-client-"));
    this.folders.push(folder);
    return folder;
  }

  settings(more: Record<string, string> = {}): Settings {
    const env = {
      REDIS_PORT: String(this.server.port),
      STATE_DIR: this.folder(),
      QUEUE_PREFIX: `t${this.folders.length}`,
    };
    return readSettings({ ...env, ...more });
  }

  /** A client with queues and a task database of its own, unless settings of another are given. */
  async client(settings = this.settings(), of: Table = table, overrides: Overrides = {}): Promise<Jobs> {
    const jobs = await openJobs(of, settings, { log: (line) => this.lines.push(line), ...overrides });
    this.open.push(jobs);
    await jobs.settled;
    return jobs;
  }

  async remove(): Promise<void> {
    await Promise.all(this.open.map((jobs) => jobs.shutdown()));
    await this.server.remove();
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}
