import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Outcome, Provider, TakenJob, WorkEvents } from "../../../../app/jobs/provider/provider";
import type { Settings } from "../../../../app/jobs/settings";
import { waitFor } from "../../../support/wait-for";
import { newJob, settingsWith, table } from "./table";

export type Opens = (queues: typeof table, settings: Settings, log: (line: string) => void) => Provider;

/** The server behind a provider: a real one, whose faults are made here. */
export interface Server {
  /** Variables that say where it is. */
  readonly env: Readonly<Record<string, string>>;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** It doesn't answer, while its connections stay open. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

const DONE: Outcome = { kind: "completed", result: null };
let prefixes = 0;

/** A prefix of its own on a server, and what was opened on it. */
export class Site {
  readonly lines: string[] = [];
  /** Runs in order, `<id>#<attempt>`. */
  readonly runs: string[] = [];
  readonly settings: Settings;
  private readonly closing: (() => Promise<void>)[] = [];

  constructor(
    private readonly opens: Opens,
    server: Server,
  ) {
    prefixes += 1;
    this.settings = settingsWith(server.env, `c-${process.pid}-${prefixes}`);
  }

  /** A provider, as one process has it. */
  async open(): Promise<Provider> {
    const provider = this.opens(table, this.settings, (line) => this.lines.push(line));
    this.closing.push(() => provider.close());
    await provider.settled;
    return provider;
  }

  /** Runs jobs until the test is over; `work` does nothing by default. */
  work(
    provider: Provider,
    queues: readonly string[] = ["first"],
    work: (job: TakenJob) => Promise<Outcome | undefined> = async () => undefined,
    { concurrency = 1, events = {} }: { concurrency?: number; events?: WorkEvents } = {},
  ) {
    const run = async (job: TakenJob) => {
      this.runs.push(`${job.id}#${job.attempt}`);
      return (await work(job)) ?? DONE;
    };
    const worker = provider.work(queues, run, { concurrency }, events);
    this.closing.push(() => worker.stop(0));
    return worker;
  }

  /** Waits until so many jobs have begun. */
  async ran(count: number, seconds = 20): Promise<readonly string[]> {
    const enough = () => (this.runs.length >= count ? this.runs : undefined);
    return await waitFor(`${count} runs`, enough, seconds).catch((error) => {
      throw new Error(`${error.message}; there were: ${this.runs.join(", ")}\n${this.lines.join("\n")}`);
    });
  }

  /** A worker process that takes a job of the first queue, and is killed when it has. */
  async killWorkerMidJob(kind: string, provider: Provider): Promise<string> {
    const job = newJob();
    await provider.add([job]);
    const tsx = createRequire(__filename).resolve("tsx/cli");
    const args = [tsx, join(__dirname, "dying-worker.ts"), kind, JSON.stringify(this.settings)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const exited = once(child, "exit");
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    await waitFor("a worker that holds the job", () => said.includes(`holds ${job.id}`), 20);
    // tsx has a process of its own around it.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await exited;
    return job.id;
  }

  async close(): Promise<void> {
    for (const close of this.closing.reverse()) await close();
  }
}

/** A promise and what settles it. */
export function gate() {
  return Promise.withResolvers<void>();
}
