import type { Lock } from "./records";

/** 12 s, 5 min, 3 h, 2 d: how long ago, to the eye. */
export function ago(since: Date | undefined, now = Date.now()): string {
  if (since === undefined) return "at an unknown time";
  const seconds = Math.max(0, Math.round((now - since.getTime()) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** 12 kB, 340 MB, 1.2 GB. */
export function bytes(count: number): string {
  if (count < 1e6) return `${Math.ceil(count / 1e3)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** Who holds a lock, since when, and why. */
export function lockWords({ who, since, why, pid, isDead }: Lock): string {
  const reason = why === "" ? "" : `: ${why}`;
  if (isDead) return `left locked by a change that died (${who}, ${ago(since)}${reason}); the next one takes over`;
  if (pid !== undefined) return `being changed by ${who}, begun ${ago(since)}${reason}`;
  return `locked by ${who} since ${since?.toISOString().slice(0, 16).replace("T", " ") ?? "an unknown time"} UTC (${ago(since)})${reason}`;
}
