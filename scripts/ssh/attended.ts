import type { ChildProcess } from "node:child_process";
import { exitCode } from "./openssh";

/**
 * Waits for a child that has the terminal: a Ctrl-C reaches it by itself, and is its own to answer; what else would end this
 * process is handed on.
 *
 * @returns its exit code
 */
export async function attended(child: ChildProcess): Promise<number> {
  const leave = () => {};
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on("SIGINT", leave).on("SIGTERM", pass).on("SIGHUP", pass);
  try {
    return await exitCode(child);
  } finally {
    process.off("SIGINT", leave).off("SIGTERM", pass).off("SIGHUP", pass);
  }
}
