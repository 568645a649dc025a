import { SettingsInvalid } from "queuehost/jobs";
import { ConfigError } from "./config";
import { log } from "./log";

/** A part of the process that has been started and can be stopped once. */
export interface Running {
  /** Resolves, with the reason, where it should be stopped by itself: the process manager then starts it anew. */
  readonly ended?: Promise<string>;
  /** Finishes what is running, then lets go of everything. */
  stop(): Promise<void>;
}

/** What this process has begun and not ended: in development, backend and worker share one. */
const parts = new Set<string>();

/** Beyond the limit for running work: closing connections and files. In milliseconds. */
const CLOSING_MS = 3000;

/**
 * Starts a process and stops it on SIGTERM or SIGINT: exit code 0 when it stopped in time, 1 when it didn't. A fault
 * at the start is told on stderr, with exit code 1.
 *
 * @param start Gives the running process and the limit for its running work.
 */
export async function run(name: string, start: () => Promise<Running & { drainSeconds: number }>): Promise<void> {
  parts.add(name);
  const end = () => {
    parts.delete(name);
    if (parts.size === 0) process.exit(0);
  };
  let running: Awaited<ReturnType<typeof start>> | undefined;
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    // Nothing has been taken on yet that would have to be finished.
    if (!running) return end();
    const limit = running.drainSeconds;
    log(`[${name}] ${why}, laufende Arbeit wird beendet (höchstens ${limit} s)`);
    setTimeout(() => die(name, `nicht innerhalb von ${limit} s beendet`), limit * 1000 + CLOSING_MS);
    running.stop().then(
      () => {
        log(`[${name}] Beendet`);
        end();
      },
      (error: unknown) => die(name, error),
    );
  };
  process.on("SIGTERM", (signal) => stop(`${signal} empfangen`));
  process.on("SIGINT", (signal) => stop(`${signal} empfangen`));
  running = await start().catch((error: unknown) => die(name, error));
  void running.ended?.then(stop);
}

/** Ends the process with exit code 1 and the reason on stderr: a stack only for what no operator can have caused. */
export function die(name: string, error: unknown): never {
  for (const line of describe(error).split("\n")) process.stderr.write(`[${name}] ${line}\n`);
  process.exit(1);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || error instanceof SettingsInvalid) return error.message;
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === "EADDRINUSE")
    return `PORT: ${address}:${port} is in use by another process; stop that one or set another PORT`;
  if (code === "EADDRNOTAVAIL") return `HOST: ${address} is not an address of this machine; set another HOST`;
  if (code === "EACCES" && port !== undefined) {
    return `PORT: ${port} may not be opened by this user; set PORT to 1024 or more`;
  }
  return error.stack ?? error.message;
}
