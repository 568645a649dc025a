import type { Carried } from "./carry";
import { Aborted } from "./execution";

/** In seconds. */
export interface Limits {
  readonly soft: number;
  readonly hard: number;
}

/** How a run ended that was kept within its limits. */
export type Ended =
  | { readonly kind: "completed"; readonly result: string | null }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "cancelled" }
  | { readonly kind: "handed back" };

/** setTimeout knows no longer time. */
const LONGEST_MS = 2 ** 31 - 1;
const timer = (seconds: number, then: () => void) => setTimeout(then, Math.min(seconds * 1000, LONGEST_MS));

/**
 * Sees a run to its end, which comes at the hard limit at the latest. What it throws after its signal was aborted counts as its
 * answer to that; one that comes to its end all the same is completed.
 *
 * @param stop aborts when the worker has to end
 * @param onCancel is given what cancels the run
 */
export async function limited(
  carried: Carried,
  limits: Limits,
  stop: AbortSignal | undefined,
  onCancel: (cancel: () => void) => void,
): Promise<Ended> {
  let asked: Aborted["why"] | undefined;
  const ask = (why: Aborted["why"]) => {
    asked ??= why;
    carried.abort(why);
  };
  const stopped = () => ask("worker stops");
  const soft = timer(limits.soft, () => ask("soft time limit"));
  let hard: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    hard = timer(limits.hard, () => {
      asked = "hard time limit";
      carried.giveUp();
      reject(new Aborted("hard time limit"));
    });
  });
  onCancel(() => ask("cancelled"));
  if (stop?.aborted) stopped();
  stop?.addEventListener("abort", stopped);
  try {
    return { kind: "completed", result: await Promise.race([carried.done, overdue]) };
  } catch (error) {
    if (asked === "cancelled") return { kind: "cancelled" };
    const stops = asked === "worker stops" || (error instanceof Aborted && error.why === "worker stops");
    return stops ? { kind: "handed back" } : { kind: "failed", error };
  } finally {
    clearTimeout(soft);
    clearTimeout(hard);
    stop?.removeEventListener("abort", stopped);
  }
}
