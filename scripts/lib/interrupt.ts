import type { ChildProcess } from "node:child_process";

/** The user's wish to end, carried out: not a fault. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** As shells report a process that SIGINT ended. */
  readonly exitCode = 130;
}

/**
 * Makes Ctrl-C and SIGTERM end a child process in its own way: the first asks it to finish what it is at, a second one ends it
 * at once. The child has to run in a process group of its own (`detached`), because a terminal's Ctrl-C would reach it as well
 * and count twice; one that asks questions can't, and is `attended`.
 *
 * @param onFirst is called at the first signal, to say what is being waited for
 * @param attended the child is in our own process group, and a terminal's Ctrl-C reaches it by itself
 * @returns whether it was interrupted
 */
export async function interruptible(
  child: ChildProcess,
  ended: Promise<unknown>,
  onFirst: () => void,
  attended = false,
): Promise<boolean> {
  let interrupted = false;
  const pass = (signal: NodeJS.Signals) => {
    if (!interrupted) onFirst();
    interrupted = true;
    if (child.pid === undefined || child.exitCode !== null || (attended && signal === "SIGINT")) return;
    // Negative: the whole group, so that plugins end as well.
    process.kill(attended ? child.pid : -child.pid, "SIGINT");
  };
  process.on("SIGINT", pass).on("SIGTERM", pass);
  try {
    await ended;
  } finally {
    process.off("SIGINT", pass).off("SIGTERM", pass);
  }
  return interrupted;
}

/**
 * Waits for work that is short and must be seen through, or whose own child ends of the same Ctrl-C.
 *
 * @throws Interrupted with `message` when a signal came meanwhile, whatever became of the work
 */
export async function unlessInterrupted<T>(message: string, work: Promise<T>): Promise<T> {
  let interrupted = false;
  const note = () => {
    interrupted = true;
  };
  process.on("SIGINT", note).on("SIGTERM", note);
  const [outcome] = await Promise.allSettled([work]);
  process.off("SIGINT", note).off("SIGTERM", note);
  if (interrupted) throw new Interrupted(message);
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
