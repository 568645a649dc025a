import { setTimeout as sleep } from "node:timers/promises";
import { Progress, terminal } from "../engine/progress";
import { UserError } from "../lib/errors";
import { parseStatus, type Status } from "./records";
import { NotAsked, type ReleaseServer } from "./server";

/** Milliseconds between two looks. */
const PACE = 2000;
/** How long a connection may be gone before the watch is given up: it goes on by itself on the server. */
const PATIENCE_MS = 60_000;

/** Whether the watch over a release is still at it. */
export const isWatching = ({ watch: { verdict } }: Status): boolean =>
  verdict === "running" || verdict === "going-back";

/** Whether the watch found the release bad. */
export const isBad = ({ watch: { verdict } }: Status): boolean => verdict === "went-back" || verdict === "failed";

/** How each verdict of the watch is told. */
const VERDICTS: Readonly<Record<string, string>> = {
  "going-back": "is being taken back",
  passed: "passed",
  "went-back": "was taken back",
  failed: "should have been taken back, and couldn't be",
  ended: "is no longer watched: another release took over, or the server restarted",
  unwatched: "isn't watched: there is none before it to go back to",
};

/** What the watch has to say, for a line of text; undefined where there was none. */
export function watchWords({ watch }: Status, now = Date.now()): string | undefined {
  const { verdict, release = "", until, why = "", numbers = "" } = watch;
  if (verdict === undefined) return undefined;
  const because = [why, numbers].filter((text) => text !== "").join("; ");
  const left = until === undefined ? "some" : Math.max(0, Math.round(Number(until) - now / 1000));
  const said = verdict === "running" ? `is watched for ${left} more seconds` : (VERDICTS[verdict] ?? verdict);
  return `release ${release} ${said}${because === "" ? "" : `: ${because}`}`;
}

/**
 * Follows the watch on the server until it has decided. It doesn't depend on that: it goes on there by itself.
 *
 * @returns what the server says then
 */
export async function followWatch(server: ReleaseServer, first: Status): Promise<Status> {
  if (!isWatching(first)) return first;
  const shown = terminal();
  const progress = new Progress(shown.report, "watch");
  try {
    let status = first;
    for (let answered = Date.now(); isWatching(status); await sleep(PACE)) {
      progress.at(watchWords(status) ?? "");
      try {
        status = parseStatus(await server.ask("status"));
        answered = Date.now();
      } catch (error) {
        if (!(error instanceof NotAsked) || Date.now() - answered > PATIENCE_MS) throw error;
      }
    }
    progress.end(status.watch.verdict ?? "ended");
    return status;
  } catch (error) {
    if (!(error instanceof NotAsked)) throw error;
    throw new UserError(`${error.message}\nThe watch goes on without anybody looking.`);
  } finally {
    progress.stop();
    shown.end();
  }
}
