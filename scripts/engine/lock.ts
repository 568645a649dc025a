import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { lock } from "proper-lockfile";
import * as z from "zod";
import type { Home } from "./home";
import { elapsed, PACE, type Report } from "./progress";

const Holder = z.object({ pid: z.number(), folder: z.string(), host: z.string() });

/** Times in milliseconds. A holder renews its lock; who died is taken over from once the lock is `stale`. */
export interface LockTimes {
  readonly stale: number;
  readonly poll: number;
}

const TIMES: LockTimes = { stale: 10_000, poll: 500 };

/**
 * Does `work` while no other process does with the same home. The second waits, and says for whom.
 *
 * The lock may be lost (a laptop that slept): the work goes on, since each file is put in place in one step.
 */
export async function underLock<T>(
  home: Home,
  report: Report,
  work: () => Promise<T>,
  times: LockTimes = TIMES,
): Promise<T> {
  mkdirSync(home.own, { recursive: true });
  const release = await take(home, report, times);
  writeFileSync(note(home), JSON.stringify({ pid: process.pid, folder: process.cwd(), host: hostname() }));
  try {
    return await work();
  } finally {
    await release().catch(() => report("the lock was lost meanwhile; nothing was harmed by it"));
  }
}

async function take(home: Home, report: Report, times: LockTimes): Promise<() => Promise<void>> {
  const started = Date.now();
  for (let said = Number.NEGATIVE_INFINITY; ; ) {
    try {
      return await lock(home.own, { stale: times.stale, onCompromised: () => {} });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ELOCKED")) throw error;
    }
    if (Date.now() - said >= (process.stdout.isTTY ? PACE.live : PACE.log)) {
      report(`${holder(home)} is getting the Pulumi engine; waiting for it (${elapsed(Date.now() - started)})`);
      said = Date.now();
    }
    await pause(times.poll);
  }
}

function holder(home: Home): string {
  try {
    const { pid, folder, host } = Holder.parse(JSON.parse(readFileSync(note(home), "utf8")));
    return `process ${pid}${host === hostname() ? "" : ` on ${host}`} in ${folder}`;
  } catch {
    return "another process";
  }
}

function note(home: Home): string {
  return join(home.own, "holder.json");
}
