import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** What to run and what to do with its output. */
export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
  /** A file that it reads instead of `stdin`, or writes its stdout to: for what is too big to be held. The result has no stdout then. */
  readonly files?: { readonly stdin?: string; readonly stdout?: string };
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void;
  /** Ends the program and all that it started. */
  readonly signal?: AbortSignal;
}

export interface Ended {
  /** Exit code, or null when a signal ended the program. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly cancelled: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came. */
  readonly output: string;
}

/** Milliseconds that a cancelled program has to end by itself. The engine gives its providers 5 s in all. */
const GRACE = 2_000;

/**
 * Runs a program in a process group of its own and waits until it has ended and its output is closed. Throws only where it
 * can't be started at all, with the reason: ENOENT for a missing program or folder, E2BIG for a command that is too long.
 */
export function run({ argv, env, cwd, stdin, files, onOutput, signal }: Job): Promise<Ended> {
  return new Promise((settle, fail) => {
    if (signal?.aborted) {
      settle({ code: null, signal: null, cancelled: true, stdout: "", stderr: "", output: "" });
      return;
    }
    const [program, ...args] = argv;
    const input = files?.stdin === undefined ? "pipe" : openSync(files.stdin, "r");
    const output = files?.stdout === undefined ? "pipe" : openSync(files.stdout, "w", 0o600);
    const child = spawn(program, args, {
      ...(env ? { env } : {}),
      ...(cwd ? { cwd } : {}),
      detached: true,
      stdio: [input, output, "pipe"],
    });
    for (const own of [input, output]) if (typeof own === "number") closeSync(own);
    const written = { stdout: "", stderr: "", output: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        written[stream] += text;
        written.output += text;
        onOutput?.(stream, text);
      });
    }
    const stop = cancellation(() => child.pid);
    signal?.addEventListener("abort", stop.start, { once: true });
    const done = () => {
      signal?.removeEventListener("abort", stop.start);
      stop.end();
    };
    child.on("error", (error) => {
      done();
      fail(error);
    });
    child.on("close", (code, by) => {
      done();
      settle({ code, signal: by, cancelled: signal?.aborted ?? false, ...written });
    });
    // A program may end without reading all its input: its exit code tells what that means.
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin ?? "");
  });
}

/** Ends a process group politely, and after a while for good. */
function cancellation(pid: () => number | undefined): { start: () => void; end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const kill = (signal: NodeJS.Signals) => {
    const group = pid();
    if (group === undefined) return;
    try {
      process.kill(-group, signal);
    } catch {
      // It ended in the meantime.
    }
  };
  return {
    start: () => {
      kill("SIGTERM");
      timer = setTimeout(kill, GRACE, "SIGKILL");
    },
    end: () => clearTimeout(timer),
  };
}
