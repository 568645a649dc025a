import type { Outcome } from "../provider";
import { type Entry, orderAt, type Patch } from "./shelf";

/** What the end of a run changes. */
export function after(entry: Entry, outcome: Outcome): Patch {
  switch (outcome.kind) {
    case "completed": {
      const data = { ...entry.data, result: outcome.result };
      return { lockedAt: null, nextRunAt: null, lastFinishedAt: Date.now(), data };
    }
    case "failed":
      return failure(entry, outcome.error, outcome.final);
    case "handed back":
      return outcome.afterMs === undefined ? { lockedAt: null } : { lockedAt: null, ...later(entry, outcome.afterMs) };
    default:
      return outcome satisfies never;
  }
}

/** After a failed run: the next try, or its end. */
export function failure({ failCount, data }: Entry, error: string, final: boolean): Patch {
  const now = Date.now();
  const runs = failCount + 1;
  const failed = { lockedAt: null, failCount: runs, failReason: error };
  if (final || runs >= data.attempts) return { ...failed, nextRunAt: null, lastFinishedAt: now, failedAt: now };
  return { ...failed, ...later({ data }, data.backoff * 2 ** failCount) };
}

function later({ data }: Pick<Entry, "data">, ms: number): Pick<Entry, "nextRunAt" | "data"> {
  const nextRunAt = Date.now() + ms;
  return { nextRunAt, data: { ...data, order: orderAt(nextRunAt) } };
}
