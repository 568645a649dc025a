import type { Replaced } from "../backups/records";
import type { Outcome } from "./machine";
import type { Trapped } from "./trapped";

/** What a rehearsal with data found. */
export interface Report {
  readonly stack: string;
  /** When it ended. */
  readonly at: string;
  readonly backup: { readonly id: string; readonly made: string };
  /** The release that was rehearsed; undefined where it could not be built or come up. */
  readonly release?: string;
  /** Digest of the settings that count, as `requireRehearsal` compares it. */
  readonly settings: string;
  readonly version: string;
  /** Variables that had another value than the stack's. */
  readonly replaced: readonly string[];
  /** How long each step took. `switch`: from the start of the new processes to the end of the old. */
  readonly seconds: Readonly<Record<string, number>>;
  /** What was different before and after: queues by state, tables by rows, folders by files. `now` is afterwards. */
  readonly migrated: readonly Replaced[];
  readonly differences: readonly Replaced[];
  readonly queues: readonly Outcome[];
  readonly trapped?: Trapped;
  /** What is wrong; nothing where the rehearsal was good. */
  readonly faults: readonly string[];
  readonly ok: boolean;
}

/** What a program says that can't reach whom it wants to. Inside of the trap nobody can. */
const UNREACHED =
  /\b(E(CONNRESET|CONNREFUSED|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND|HOSTUNREACH|NETUNREACH|SOCKET)|socket hang up|fetch failed|getaddrinfo|network error)\b/i;

/** Whether a job failed because nobody outside could be reached: for `answer`, with what the trap answers over HTTP. */
export function isForWantOfOthers(reason: string, answer: number): boolean {
  return UNREACHED.test(reason) || new RegExp(`\\b${answer}\\b`).test(reason);
}

/**
 * What is wrong with what became of the jobs: those that failed for good and not for want of somebody outside.
 *
 * @param allowed so many may
 */
export function faultsOf(queues: readonly Outcome[], answer: number, allowed: number): string[] {
  const counted = queues.map((outcome) => {
    const excused = outcome.reasons
      .filter(({ again, reason }) => !again && isForWantOfOthers(reason, answer))
      .reduce((sum, { count }) => sum + count, 0);
    return { outcome, failed: outcome.failed - excused };
  });
  const sum = counted.reduce((all, { failed }) => all + failed, 0);
  if (sum <= allowed) return [];
  const worst = counted.filter(({ failed }) => failed > 0);
  const named = worst.map(({ outcome, failed }) => `${failed} of ${outcome.queue}`).join(", ");
  return [`${sum} job${sum === 1 ? "" : "s"} failed for good (${named}), and ${allowed} may`];
}

/** Jobs that wait, run or are due, in queues that aren't paused. */
export const isIdle = (queues: readonly Outcome[]): boolean =>
  queues.every(
    ({ paused, jobs }) => paused || ["wait", "prioritized", "active"].every((state) => (jobs[state] ?? 0) === 0),
  );

/** Those of which `now` is another than what was in the backup. */
export const differing = (plan: readonly Replaced[]): Replaced[] => plan.filter(({ now, backup }) => now !== backup);
