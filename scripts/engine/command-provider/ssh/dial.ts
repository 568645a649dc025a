import { setTimeout as sleep } from "node:timers/promises";
import type { Ended } from "../process";
import type { SshConnection } from "./connection";
import { sshError } from "./errors";
import type { Outcome } from "./outcome";

type Answered = Extract<Outcome, { kind: "exited" } | { kind: "signalled" }>;

interface Attempt<R extends Outcome> {
  readonly ended: Ended;
  readonly result: R;
}

/** How many failures are forgiven where the connection doesn't say: the official provider's default. */
const DIAL_ERROR_LIMIT = 10;

/** Milliseconds before the second attempt. A machine that boots answers soon: the first pauses are short. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 3_000;

/** Milliseconds to wait after the nth failed attempt, from 1. */
export function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE * 1.5 ** (failures - 1), LONGEST_PAUSE);
}

/**
 * Makes attempts until one gets through to the machine. Only a connection that can't be made is tried again, a refused login
 * included: a machine that boots may not know its users yet. A foreign host key, an unreadable private key and a connection
 * that was lost midway end it at once. Throws SshError.
 */
export async function dial(
  connection: SshConnection,
  { signal, onRetry }: { readonly signal?: AbortSignal; readonly onRetry?: (message: string) => void },
  attempt: () => Promise<Attempt<Outcome>>,
): Promise<Attempt<Answered>> {
  const started = Date.now();
  const limit = connection.dialErrorLimit ?? DIAL_ERROR_LIMIT;
  for (let failures = 1; ; failures++) {
    const { ended, result } = await attempt();
    if (result.kind === "exited" || result.kind === "signalled") return { ended, result };
    const error = sshError(connection, result, failures, (Date.now() - started) / 1000);
    if (result.kind !== "unreachable" || (limit >= 0 && failures > limit)) throw error;
    const pause = pauseAfter(failures);
    const more = limit < 0 ? "" : ` of ${limit + 1}`;
    onRetry?.(`${result.reason}; attempt ${failures + 1}${more} in ${(pause / 1000).toFixed(1)} s`);
    try {
      await sleep(pause, undefined, signal ? { signal } : {});
    } catch {
      throw sshError(connection, { kind: "cancelled" }, failures, 0);
    }
  }
}
