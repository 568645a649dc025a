import { closestMatch } from "leven";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import type { Disagreement } from "./agree";
import type { Kept } from "./records";
import { ago } from "./words";

/** What a rollback has to do. */
export interface Choice {
  /** The release that is in service now. */
  readonly from: string;
  readonly to: string;
  /** It is in service already, by the watch or by a rollback that was cut off: what is left is to record it. */
  readonly isLive: boolean;
}

/**
 * The release to go back to.
 *
 * @param wanted its id, or enough of its beginning; without it, the release that was in service before
 * @param differs where the state says another release than the server: going back once more would be one too far
 * @throws UserError naming the releases that there are
 */
export function chooseRelease(
  releases: readonly Kept[],
  wanted: string | undefined,
  differs: Disagreement | undefined,
): Choice {
  const from = releases.find(({ state }) => state === "live")?.id ?? "";
  if (wanted === undefined) {
    if (differs?.takenBack !== undefined) return { from, to: from, isLive: true };
    const before = releases.find(({ state }) => state === "kept");
    if (before === undefined)
      throw new UserError(`There is no release to go back to. Nothing was touched.\n${listed(releases)}`);
    return { from, to: before.id, isLive: false };
  }
  const found = releases.filter(({ id }) => id.startsWith(wanted));
  const [one] = found;
  if (one !== undefined && found.length === 1) return { from, to: one.id, isLive: one.state === "live" };
  const close = closestMatch(
    wanted,
    releases.map(({ id }) => id),
    { maxDistance: 3 },
  );
  throw new UserError(
    `--to: should be a release that the server keeps, got ${wanted}${found.length > 1 ? ", with which several begin" : ""}. Nothing was touched.${close === undefined ? "" : ` Did you mean ${close}?`}\n${listed(releases)}`,
  );
}

/** Releases as a table for people. */
export function listed(releases: readonly Kept[]): string {
  if (releases.length === 0) return "  The server keeps no release.";
  return columns(
    releases.map(({ id, state, since, node, who, why }) => [
      `  ${id}`,
      state,
      since === undefined ? "never in service" : ago(since),
      node === "" ? "" : `node ${node}`,
      who,
      why,
    ]),
  );
}
