import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { disagreement, disagreementWords, look, record, replacing, type Seen } from "./agree";
import type { BuiltRelease } from "./built";
import { engineUp, goingOn } from "./engine-up";
import { heldRelease, hold, letGo } from "./held";
import { ago } from "./words";

/**
 * Makes sure that a release isn't deployed by oversight which was taken back before.
 *
 * @param again says that it is wanted nonetheless
 * @throws UserError with who took it back, and why; what is in service is recorded then
 */
export async function assertWanted(
  pulumi: Pulumi,
  { server, status }: Seen,
  built: BuiltRelease | undefined,
  again: boolean,
  who: string,
  say: (line: string) => void,
): Promise<void> {
  const differs = disagreement(server.recorded, status);
  if (differs !== undefined) say(disagreementWords(differs));
  const refused = status.refused.find(({ id }) => id === built?.id);
  if (refused === undefined) return;
  if (again) {
    await server.ask("allow", refused.id, who);
    return;
  }
  const anew = typed("deploy", "--stack", pulumi.stack, "--again");
  if (differs?.takenBack !== undefined) await record(pulumi, differs.live, typed("up", "--stack", pulumi.stack), say);
  throw new UserError(
    `Release ${refused.id} was taken back by ${refused.who} ${ago(refused.since)}${refused.why === "" ? "" : `: ${refused.why}`}. Release ${status.release} stays in service.\nChange the application, or deploy this one again: ${anew}`,
  );
}

/**
 * Brings the stack up with the application as it is here. A release that the stack's file held is let go of, and held again
 * where it stays in service because the new one doesn't get there.
 */
export async function send(
  pulumi: Pulumi,
  seen: Seen | undefined,
  built: BuiltRelease | undefined,
  say: (line: string) => void,
): Promise<void> {
  const held = await heldRelease(pulumi);
  if (held !== undefined) {
    await letGo(pulumi);
    say(`app.release held ${held}; it is taken out of the stack's file.`);
  }
  // The state may know the release that goes, and the server run another: the engine would see no change.
  const isLost = seen !== undefined && built?.id === seen.server.recorded && built.id !== seen.status.release;
  const besides = isLost ? await replacing(pulumi) : [];
  const again = typed("deploy", "--stack", pulumi.stack);
  try {
    await engineUp(pulumi, besides, "pulumi up");
  } catch (error) {
    if (held !== undefined && (await isStillLive(pulumi, held))) {
      await hold(pulumi, held);
      say(`app.release holds ${held} again, which stays in service.`);
    }
    throw goingOn(error, `${again} goes on from here.`);
  }
}

/** Whether a release is known to be in service; one that can't be asked about isn't. */
async function isStillLive(pulumi: Pulumi, id: string): Promise<boolean> {
  const seen = await look(pulumi, () => {}).catch(() => undefined);
  return seen?.status.release === id;
}
