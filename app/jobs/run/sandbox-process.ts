import { type ChildProcess, fork } from "node:child_process";
import { Unrecoverable } from "../errors";
import type { Settings } from "../settings";
import type { Carried, Held } from "./carry";
import { Aborted } from "./execution";
import type { Send } from "./progress";
import { type Answer, MARKER, type Order } from "./sandbox-messages";

/** Milliseconds in which a new process has to be ready: it loads the whole application. */
const START_MS = 20_000;
/** Milliseconds that a job has to answer its worker's end, before its process is killed. */
const STOP_MS = 1000;
/** Milliseconds that a process waits for its next job. */
const IDLE_MS = 60_000;

interface Running {
  readonly resolve: (result: string | null) => void;
  readonly reject: (error: Error) => void;
  readonly send: Send;
}

/** One process for jobs, one at a time. */
export class Sandbox {
  /** Jobs that it has begun, and resident memory in bytes after the last. */
  jobs = 0;
  memory = 0;
  private readonly child: ChildProcess;
  private readonly gone: Promise<void>;
  private readonly late: NodeJS.Timeout;
  private ready = false;
  private idle: NodeJS.Timeout | undefined;
  private running: Running | undefined;
  private note: string | null = null;

  constructor(
    private readonly entry: string,
    private readonly onGone: () => void,
  ) {
    this.child = fork(entry, { env: { ...process.env, [MARKER]: "1" }, serialization: "advanced" });
    this.gone = new Promise((resolve) => {
      const end = (error: Error) => {
        this.ended(error);
        resolve();
      };
      this.child.once("exit", (code, signal) => end(this.exited(code, signal)));
      this.child.once("error", (error) => end(new Error(`its sandbox can't be started (${error.message})`)));
    });
    this.child.on("message", (answer: Answer) => this.hear(answer));
    this.late = setTimeout(() => void this.kill(), START_MS).unref();
  }

  carry(held: Held, settings: Settings, send: Send): Carried {
    clearTimeout(this.idle);
    this.child.ref();
    this.child.channel?.ref();
    this.jobs += 1;
    this.note = null;
    const done = new Promise<string | null>((resolve, reject) => {
      this.running = { resolve, reject, send };
    });
    this.order({ do: "run", held, settings });
    return {
      done,
      abort: (why) => {
        this.order({ do: "abort", why });
        if (why === "worker stops") setTimeout(() => this.running && void this.kill(), STOP_MS).unref();
      },
      giveUp: () => {
        this.running?.reject(new Aborted("hard time limit"));
        this.running = undefined;
        void this.kill();
      },
      note: () => this.note,
    };
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.gone;
  }

  private order(order: Order): void {
    // One that has died meanwhile says so by its end.
    this.child.send(order, () => {});
  }

  private hear(answer: Answer): void {
    switch (answer.say) {
      case "ready":
        this.ready = true;
        clearTimeout(this.late);
        return;
      case "progress":
        void this.running?.send(answer.percent, answer.message).catch(() => {});
        return;
      case "completed":
        this.note = answer.note;
        this.memory = answer.memory;
        this.rest()?.resolve(answer.result);
        return;
      case "failed": {
        const { name, message, stack, final } = answer.error;
        this.memory = answer.memory;
        const error = final ? new Unrecoverable(message) : Object.assign(new Error(message), { name });
        if (stack !== undefined) error.stack = stack;
        this.rest()?.reject(error);
        return;
      }
      default:
        answer satisfies never;
    }
  }

  /** Waits for the next job, and keeps nobody waiting for that. */
  private rest(): Running | undefined {
    const { running } = this;
    this.running = undefined;
    this.child.unref();
    this.child.channel?.unref();
    this.idle = setTimeout(() => void this.kill(), IDLE_MS).unref();
    return running;
  }

  private exited(code: number | null, signal: string | null): Error {
    const error = new Error(`its sandbox ended (${signal ?? `exit code ${code}`})`);
    if (this.ready) return error;
    // Those who stop the worker signal to all of its processes; this one hasn't learned yet to leave that to its worker.
    if (signal === "SIGTERM" || signal === "SIGINT") return new Aborted("worker stops");
    error.message += `; ${this.entry} should call maybeRunSandbox(table) first of all`;
    return error;
  }

  private ended(error: Error): void {
    clearTimeout(this.late);
    clearTimeout(this.idle);
    this.onGone();
    this.running?.reject(error);
    this.running = undefined;
  }
}
