import { setTimeout as sleep } from "node:timers/promises";
import { Progress, terminal } from "../engine/progress";
import { UserError } from "../lib/errors";
import { parseStatus, type Status } from "./records";
import { NotAsked, type ReleaseServer } from "./server";

/** Milliseconds between two looks. */
const PACE = 2000;
/** How long a connection may be gone before the watch is given up: it goes on by itself on the server. */
const PATIENCE_MS = 60_000;

/** Whether the watch over a release is still looking. */
export const isWatching = ({ watch }: Status): boolean => watch.verdict === "running";

/** What the watch has to say, for a line of text; undefined where there was none. */
export function watchWords({ watch }: Status, now = Date.now()): string | undefined {
  const { verdict, release = "", until, why = "", numbers = "" } = watch;
  const left = Math.max(0, Math.round(Number(until) - now / 1000));
  const because = [why, numbers].filter((text) => text !== "").join("; ");
  switch (verdict) {
    case undefined:
      return undefined;
    case "running":
      return `watching release ${release} for ${left} more seconds${numbers === "" ? "" : `: ${numbers}`}`;
    case "passed":
      return `release ${release} passed${because === "" ? "" : `: ${because}`}`;
    case "went-back":
      return `release ${release} was taken back${because === "" ? "" : `: ${because}`}`;
    default:
      return `release ${release}: ${verdict}${because === "" ? "" : `: ${because}`}`;
  }
}

/**
 * Follows the watch on the server until it has decided. It doesn't depend on that: it goes on there by itself.
 *
 * @returns what the server says then
 */
export async function followWatch(server: ReleaseServer, first: Status): Promise<Status> {
  if (!isWatching(first)) return first;
  const shown = terminal();
  const progress = new Progress(shown.report, `watching release ${first.watch.release ?? ""}`);
  try {
    let status = first;
    for (let answered = Date.now(); isWatching(status); await sleep(PACE)) {
      progress.at(watchWords(status)?.replace(/^watching release \S+ /, "") ?? "");
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
