import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { PACKAGE } from "../../../scripts/lib/places";

/** Milliseconds that a program gets to end by itself. */
const END_MS = 30_000;

/** Puts a program into one file, as those of the application are: it runs in plain Node, with no loader beside what is measured. */
export async function bundle(entry: string, folder: string): Promise<string> {
  const outfile = join(folder, `${entry.replace(/.*\//, "").replace(/\.ts$/, "")}.cjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    alias: { "queuehost/jobs": join(PACKAGE, "app/jobs/index.ts") },
    logLevel: "warning",
  });
  return outfile;
}

/** What a program answers: the command's result, or why there is none. */
type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };

/** A process of a bundled program that does what it is asked, over Node's own channel. */
export class Program {
  private readonly waiting = new Map<number, { settle(value: unknown): void; fail(error: Error): void }>();
  private asked = 0;
  readonly ended: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    onEvent: (event: unknown) => void,
  ) {
    child.on("message", (message: Answer | { event: unknown }) => {
      if ("event" in message) return onEvent(message.event);
      const { id, result, error } = message;
      if (error === undefined) this.waiting.get(id)?.settle(result);
      else this.waiting.get(id)?.fail(new Error(error));
      this.waiting.delete(id);
    });
    this.ended = new Promise((settle) => {
      child.once("exit", () => {
        for (const { fail } of this.waiting.values()) fail(new Error("the program ended"));
        this.waiting.clear();
        settle();
      });
    });
  }

  /** @param onEvent gets what the program tells by itself */
  static start(
    file: string,
    env: Readonly<Record<string, string>> = {},
    onEvent: (event: unknown) => void = () => {},
  ): Program {
    const quiet = process.env.BENCH_DEBUG ? "inherit" : "ignore";
    const stdio: ("ignore" | "inherit" | "ipc")[] = ["ignore", quiet, "inherit", "ipc"];
    const child = fork(file, [], { env: { ...process.env, ...env }, execArgv: ["--expose-gc"], stdio });
    return new Program(child, onEvent);
  }

  ask<T>(command: string, ...values: unknown[]): Promise<T> {
    this.asked += 1;
    const id = this.asked;
    return new Promise<T>((settle, fail) => {
      this.waiting.set(id, { settle: settle as (value: unknown) => void, fail });
      this.child.send({ id, command, values }, (error) => {
        if (error) fail(error);
      });
    });
  }

  /** Resident memory in megabytes, now and at most: all of it, and without what is shared with other programs of Node. */
  memory(): { readonly now: number; readonly peak: number; readonly own: number } {
    const read = (file: string, key: string) =>
      Number(
        new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${this.child.pid}/${file}`, "utf8"))?.[1],
      ) / 1024;
    return { now: read("status", "VmRSS"), peak: read("status", "VmHWM"), own: read("smaps_rollup", "Pss") };
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), END_MS);
    if (this.child.connected) this.child.disconnect();
    await this.ended;
    clearTimeout(timer);
  }
}
