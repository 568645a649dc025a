import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** What a group of processes gets to end by itself, in milliseconds: longer than the application's own limit. */
const PATIENCE_MS = 30_000;

/** A process and all that it starts, in a group of its own: a terminal's Ctrl-C doesn't reach it, so that the order of ending is ours. */
export class ProcessGroup {
  private readonly child: ChildProcess;
  /** Resolves, and never rejects, when the process has ended: with its exit code, or why it couldn't be started. */
  readonly ended: Promise<number | Error>;

  constructor(file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; quiet?: true }) {
    const { quiet, ...rest } = options;
    const stdio = quiet ? "ignore" : (["ignore", "inherit", "inherit"] as const);
    this.child = spawn(file, [...args], { ...rest, stdio: stdio as "ignore", detached: true });
    const guard = this.guard();
    this.ended = new Promise((settle) => {
      this.child.once("error", settle);
      this.child.once("exit", (code) => {
        guard?.kill("SIGKILL");
        settle(code ?? 1);
      });
    });
  }

  /** Ends the group where we are killed ourselves: its input ends with us. */
  private guard(): ChildProcess | undefined {
    if (this.child.pid === undefined) return undefined;
    const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -s TERM -- "-$0"', String(this.child.pid)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    return guard.on("error", () => {});
  }

  /** Asks it to end, and kills what doesn't. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), PATIENCE_MS);
    await this.ended;
    clearTimeout(timer);
    // What it left behind, if anything.
    this.signal("SIGKILL");
  }

  private signal(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group has ended.
    }
  }
}

/** Resolves at the first signal that asks this process to end; further ones are nothing new. */
export async function asked(): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const first = Promise.race(signals.map((signal) => once(process, signal)));
  for (const signal of signals) process.on(signal, () => {});
  await first;
}
