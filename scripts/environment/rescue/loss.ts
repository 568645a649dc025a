import { parsePlan, partsOf } from "../../backups/records";
import { columns } from "../../lib/columns";
import { UserError } from "../../lib/errors";
import { typed } from "../../lib/places";
import type { Pulumi } from "../../lib/pulumi";
import { ago } from "../../release/words";
import { offServer } from "../off-server";
import type { Screen } from "../screen";
import type { Leaving } from "./source";

/** Says what is on a server that goes without anything being brought back, where it is nowhere else. */
export async function lossOf(pulumi: Pulumi, left: Leaving | undefined, { say }: Screen): Promise<void> {
  const newest = left?.listed?.backups[0];
  if (left === undefined || newest === undefined || (await offServer(pulumi)) !== undefined) return;
  const now = await left.server.plan(newest.id, partsOf(newest)).then(parsePlan, (error) => {
    if (error instanceof UserError) return [];
    throw error;
  });
  const rows = now.flatMap(({ what, now }) => (now === undefined ? [] : [[what, now]]));
  if (rows.length > 0) say(`On the server that goes:\n${columns(rows)}`);
  say(
    `All of it will be lost, and so will its ${left.listed?.backups.length} backups, the newest of ${ago(newest.made)}: they are nowhere else. To bring it along: ${typed("recreate", "--stack", pulumi.stack, "--restore", "latest")}`,
  );
}
