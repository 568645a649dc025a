import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { UserError } from "./errors";
import { isRunning } from "./process.cjs";

/** A holder that died leaves a lock that isn't renewed; it is taken over after this time. */
const STALE_MS = 10_000;

/**
 * Does `work` while nobody else in this folder does.
 *
 * @throws UserError naming the process that is at it
 */
export async function exclusively<T>(folder: string, who: string, work: () => Promise<T>): Promise<T> {
  const note = join(folder, "busy");
  const release = await lock(folder, { stale: STALE_MS, lockfilePath: join(folder, "busy.lock") }).catch(
    async (error) => {
      if (error.code !== "ELOCKED") throw error;
      const holder = holderOf(note);
      if (holder && !isRunning(holder.pid)) return takeOver(folder);
      throw new UserError(
        `${holder?.who ?? "Another command"} (process ${holder?.pid ?? "unknown"}) is at work in ${folder}. Wait for it to end, then run this again.`,
      );
    },
  );
  writeFileSync(note, JSON.stringify({ who, pid: process.pid }));
  try {
    return await work();
  } finally {
    await release();
  }
}

/** The holder died: its lock goes stale by itself within seconds. */
function takeOver(folder: string): Promise<() => Promise<void>> {
  const retries = { retries: 20, minTimeout: 1000, maxTimeout: 1000 };
  return lock(folder, { stale: STALE_MS, lockfilePath: join(folder, "busy.lock"), retries });
}

function holderOf(note: string): { who: string; pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(note, "utf8"));
  } catch {
    return undefined;
  }
}
