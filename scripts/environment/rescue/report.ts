import type { Replaced } from "../../backups/records";
import { columns } from "../../lib/columns";
import { ago } from "../../release/words";
import type { Returned } from "./bring-back";

/** Seconds that each step took. */
export interface Seconds {
  /** Making the last backup, and having it off the server. */
  readonly backup: number;
  readonly deletion: number;
  readonly bringUp: number;
  readonly restore: number;
  readonly total: number;
}

/** What a `recreate` with a restore did, as it is printed. */
export interface Result extends Returned {
  readonly stack: string;
  readonly address: { readonly before?: string; readonly now: string };
  readonly seconds: Seconds;
  /** Whether the verification found all as it should be. */
  readonly ok: boolean;
}

export function asText({ stack, backup, compared, address, seconds }: Result): string {
  const rows = compared.map(({ what, now = "isn't there", backup = "isn't there" }) => [what, backup, now]);
  const same = address.before === address.now ? " the same as before" : ` ${address.before ?? "none"} before`;
  const [waiting, now] = [jobs(compared, "backup"), jobs(compared, "now")];
  return [
    ...(rows.length === 0 ? [] : ["", columns([["", "in the backup", "now"], ...rows])]),
    "",
    `Stack ${stack} is back with backup ${backup.id}, made ${ago(backup.made)}: ${waiting} jobs in it, ${now} now.`,
    `Its address is ${address.now},${same}.`,
    `${seconds.total} s: backup ${seconds.backup}, deletion ${seconds.deletion}, new server ${seconds.bringUp}, restore ${seconds.restore}.`,
  ].join("\n");
}

export function asJson({ stack, backup, compared, address, seconds, ok }: Result): string {
  const counted = { backup: jobs(compared, "backup"), now: jobs(compared, "now") };
  return JSON.stringify(
    { stack, ok, backup: backup.id, made: backup.made, address, seconds, jobs: counted, compared },
    null,
    2,
  );
}

/** All jobs of all queues, in any state. */
function jobs(compared: readonly Replaced[], side: "now" | "backup"): number {
  return compared
    .filter(({ what }) => what.startsWith("queue "))
    .flatMap((one) => one[side]?.match(/\d+/g) ?? [])
    .reduce((sum, count) => sum + Number(count), 0);
}
