import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type JobsOptions, type Processor, Queue, Worker } from "bullmq";
import { waitFor } from "../../support/wait-for";

const MAIN = join(__dirname, "../../../host/app/watch/main.cjs");

/** What a job of the tests does: nothing, or what its data says. */
export interface Work {
  readonly fails?: true;
  readonly ms?: number;
}

const work: Processor<Work> = async ({ data }) => {
  if (data.ms) await new Promise((done) => setTimeout(done, data.ms));
  if (data.fails) throw new Error("out of paper");
};

/** The watch, as a unit of systemd runs it, beside a Redis, a queue and a worker of a test's own. */
export class Watched {
  private readonly folder = mkdtempSync(join(tmpdir(), "queuehost-watch-"));
  readonly queue: Queue<Work>;
  private readonly worker: Worker<Work>;
  private readonly status = join(this.folder, "status");
  private watch: ChildProcess | undefined;
  output = "";

  constructor(
    private readonly port: number,
    name: string,
    readonly seconds = 4,
  ) {
    const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
    this.queue = new Queue(name, { connection, prefix: "shop" });
    this.worker = new Worker(name, work, { connection, prefix: "shop", concurrency: 10 });
    this.live("new00000new0", "instance=shop-worker@b1 active 7 0 1000");
    writeFileSync(join(this.folder, "release"), `#!/bin/sh\ncat ${this.status}\n`, { mode: 0o755 });
  }

  /** What `release status` says from now on. */
  live(release: string, ...instances: string[]): void {
    const since = Math.round(Date.now() / 1000) - 1000;
    writeFileSync(this.status, [`release=${release}`, `since=${since}`, ...instances, ""].join("\n"));
  }

  private get environment() {
    return {
      ...process.env,
      WATCH_NAME: "shop",
      WATCH_PORT: "1",
      WATCH_HEALTH_PATH: "/health",
      WATCH_SECONDS: String(this.seconds),
      WATCH_FAILURES: "10",
      WATCH_WAIT: "5",
      WATCH_STOP_TIMEOUT: "-3",
      WATCH_STATE: this.folder,
      WATCH_REPLAY: join(this.folder, "replay"),
      WATCH_RELEASE: join(this.folder, "release"),
      WATCH_REDIS: `-p ${this.port}`,
    };
  }

  /** Adds jobs and waits until all of them have ended, each attempt. */
  async jobs(count: number, data: Work = {}, options: JobsOptions = {}): Promise<string[]> {
    const ended = new Set<string>();
    const end = (
      job: { id?: string | undefined; attemptsMade: number; opts: JobsOptions } | undefined,
      ok: boolean,
    ) => {
      if (job?.id && (ok || job.attemptsMade >= (job.opts.attempts ?? 1))) ended.add(job.id);
    };
    const completed = (job: Parameters<typeof end>[0]) => end(job, true);
    const failed = (job: Parameters<typeof end>[0]) => end(job, false);
    this.worker.on("completed", completed).on("failed", failed);
    const added = await this.queue.addBulk(
      Array.from({ length: count }, () => ({ name: "print", data, opts: options })),
    );
    const ids = added.map(({ id = "" }) => id);
    await waitFor("the jobs to end", () => ids.every((id) => ended.has(id)));
    this.worker.off("completed", completed).off("failed", failed);
    return ids;
  }

  /** Reads how the queue does before the switch. */
  async before(): Promise<void> {
    await promisify(execFile)(process.execPath, [MAIN, "before"], { env: this.environment });
  }

  /** Begins the watch over `new00000new0`. */
  async begin(): Promise<void> {
    const args = [MAIN, "run", "new00000new0", "old00000old0"];
    this.watch = spawn(process.execPath, args, { env: this.environment, stdio: ["ignore", "pipe", "inherit"] });
    this.watch.stdout?.on("data", (text) => {
      this.output += text;
    });
    await waitFor("the watch to begin", () => this.output.includes("watching"));
  }

  /** Its exit code, and what it knows then. */
  async verdict(): Promise<{ code: number | null; state: Record<string, string> }> {
    const { watch } = this;
    if (watch && watch.exitCode === null) await once(watch, "exit");
    return { code: watch?.exitCode ?? null, state: this.state };
  }

  get state(): Record<string, string> {
    const lines = readFileSync(join(this.folder, "shop"), "utf8").trim().split("\n");
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  }

  async sweep(from: number, to: number): Promise<void> {
    const args = [MAIN, "sweep", "new00000new0", String(from), String(to)];
    await promisify(execFile)(process.execPath, args, { env: this.environment });
  }

  get heldFile(): string {
    return join(this.folder, "replay/new00000new0/jobs.jsonl");
  }

  /** The jobs that are held for replay. */
  get held(): { id: string; queue: string; prefix: string; data: string; failedReason: string }[] {
    if (!existsSync(this.heldFile)) return [];
    return readFileSync(this.heldFile, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  async end(): Promise<void> {
    this.watch?.kill("SIGKILL");
    await this.worker.close();
    await this.queue.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
