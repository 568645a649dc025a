import { hostname } from "node:os";
import { UserError } from "../lib/errors";
import { isRunning } from "../lib/process.cjs";
import type { Pulumi } from "../lib/pulumi";

/** Who holds a stack's lock, as pulumi says it. */
export interface Holder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/**
 * Releases the lock of an operation that was killed on this computer.
 *
 * @param url of its backend; Pulumi Cloud ends what doesn't answer by itself
 * @returns those whose lock was released
 * @throws UserError where the holder is at work, or on another computer: that can't be seen from here
 */
export async function releaseDeadLock(pulumi: Pulumi, url: string): Promise<Holder[]> {
  if (url.startsWith("http")) return [];
  // A new name for a stack is refused where it is locked, and then where it is taken. Its own is: nothing changes.
  const { output } = await pulumi.run(["stack", "rename", pulumi.stack.split("/").at(-1) ?? ""]);
  const holders = readHolders(output);
  const { stack } = pulumi;
  for (const { user, host, pid, since } of holders) {
    const who = `stack ${stack} is locked by ${user}@${host} (process ${pid}) since ${since}`;
    const cancel = `npx pulumi cancel --stack ${stack}`;
    if (host !== hostname())
      throw new UserError(`${who}. Ask whether that is still at work; if it isn't, release it: ${cancel}`);
    if (isRunning(pid))
      throw new UserError(`${who}. Wait for it to end, then run this again. If that is no pulumi any more: ${cancel}`);
  }
  if (holders.length > 0) await pulumi.read(["cancel", "--yes"]);
  return holders;
}

/** Reads pulumi's refusal; nobody where it is about something else. */
export function readHolders(refusal: string): Holder[] {
  const line = /: created by (.*)@([^@\s]+) \(pid (\d+)\) at (\S+)/g;
  return [...refusal.matchAll(line)].map(([, user = "", host = "", pid, since = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since,
  }));
}
