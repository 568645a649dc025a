import { NEW_SERVER } from "../../infra/config/hetzner";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { diagnostics, type Pulumi } from "../lib/pulumi";
import type { Screen } from "./screen";

/**
 * Whatever keeps an `up` from making its first resource shows in a preview: a fault of the configuration, an application that
 * isn't built, a token that doesn't count, a type of server that is sold out.
 *
 * @throws UserError with the engine's own words
 * @throws Interrupted after Ctrl-C
 */
export async function assertRebuildable(pulumi: Pulumi, { say }: Screen): Promise<void> {
  say("looking whether it can all be made anew (pulumi preview)");
  const preview = pulumi.with({ [NEW_SERVER]: "yes" }).run(["preview", "--color", "never"]);
  const { exitCode, output } = await unlessInterrupted("Interrupted. Nothing was deleted.", preview);
  if (exitCode !== 0)
    throw new UserError(
      `Stack ${pulumi.stack} couldn't be brought up again: pulumi preview failed. Nothing was deleted.\n${diagnostics(output)}`,
    );
}
