import type { Replaced } from "../backups/records";
import type { Outcome } from "./tally";
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
  /** How many jobs were allowed to fail for good. */
  readonly failures: number;
  /** Variables that had another value than the stack's: with those, and not with its own, it was rehearsed. */
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
  /\b(E(CONNRESET|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND|HOSTUNREACH|NETUNREACH|SOCKET)|socket hang up|fetch failed|getaddrinfo|network error)\b/i;
/** The trap takes every connection over IPv4: who is refused has spoken to an IPv6 address, or to the machine itself. */
const REFUSED6 = /\bECONNREFUSED [0-9a-f]*:[0-9a-f:]+/i;
const ITSELF = /\b127\.\d+\.\d+\.\d+|(^|[^0-9a-f:])::1\b|\blocalhost\b|\/run\//i;

/** Whether a job failed because nobody outside could be reached: for `answer`, with what the trap answers over HTTP. */
export function isForWantOfOthers(reason: string, answer: number): boolean {
  if (ITSELF.test(reason)) return false;
  return UNREACHED.test(reason) || REFUSED6.test(reason) || new RegExp(`\\b${answer}\\b`).test(reason);
}

/**
 * What is wrong with what became of the jobs: those that failed for good and not for want of somebody outside; and where it can't
 * be said.
 *
 * @param allowed so many may
 */
export function faultsOf(queues: readonly Outcome[], answer: number, allowed: number): string[] {
  const counted = queues.map((outcome) => ({ outcome, failed: failedOf(outcome) - excusedOf(outcome, answer) }));
  const sum = counted.reduce((all, { failed }) => all + failed, 0);
  const named = counted.flatMap(({ outcome, failed }) => (failed > 0 ? [`${failed} of ${outcome.queue}`] : []));
  return [
    ...queues
      .filter(isUnseen)
      .map(
        ({ queue }) => `more happened in ${queue} than could be seen: it keeps neither its events nor jobs that failed`,
      ),
    ...(sum > allowed
      ? [`${sum} job${sum === 1 ? "" : "s"} failed for good (${named.join(", ")}), and ${allowed} may`]
      : []),
  ];
}

const grown = ({ before, jobs }: Outcome) => (jobs.failed ?? 0) - (before.failed ?? 0);
/** Where events were gone, the jobs themselves say how many failed. */
const failedOf = (outcome: Outcome) => (outcome.cut ? Math.max(outcome.failed, grown(outcome)) : outcome.failed);
/** Jobs that fail are deleted, so that they say nothing. */
const isUnseen = (outcome: Outcome) => outcome.cut && grown(outcome) < outcome.failed;

const excusedOf = ({ reasons }: Outcome, answer: number) =>
  reasons
    .filter(({ again, reason }) => !again && isForWantOfOthers(reason, answer))
    .reduce((sum, { count }) => sum + count, 0);

/** Jobs that wait, run or are due, in queues that aren't paused. */
export const isIdle = (queues: readonly Outcome[]): boolean =>
  queues.every(
    ({ paused, jobs }) => paused || ["wait", "prioritized", "active"].every((state) => (jobs[state] ?? 0) === 0),
  );

/** Those of which `now` is another than what was in the backup. */
export const differing = (plan: readonly Replaced[]): Replaced[] => plan.filter(({ now, backup }) => now !== backup);
