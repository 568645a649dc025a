import { isCancel, text } from "@clack/prompts";
import { sweepGuests } from "../access/guests";
import { ensureEngine } from "../engine";
import { elapsed } from "../engine/progress";
import { heal } from "../healing";
import { labelled } from "../healing/cloud";
import { nameIn, stateOf } from "../healing/state";
import { UserError } from "../lib/errors";
import { Interrupted } from "../lib/interrupt";
import type { Pulumi } from "../lib/pulumi";
import { assertAnswerable } from "./bring-up";
import { assertUnprotected } from "./protection";

/**
 * Deletes everything that a stack has in the cloud; the stack itself stays, with its configuration.
 *
 * @param again the command that goes on where this one is interrupted
 * @param before is done when all questions are answered, and keeps everything where it throws
 * @throws UserError where the stack is protected: nothing was touched then
 * @throws Interrupted after Ctrl-C, or where the stack's name wasn't typed
 */
export async function tearDown(
  pulumi: Pulumi,
  yes: boolean,
  again: string,
  before: () => Promise<void> = async () => {},
): Promise<void> {
  assertAnswerable(yes);
  await ensureEngine();
  await assertUnprotected(pulumi);
  if (!yes) await confirm(pulumi);
  const started = Date.now();
  await heal(pulumi, console.log);
  await before();
  const { exitCode } = await pulumi.attended(["destroy", "--yes", "--skip-preview"], `${again} goes on from here.`);
  if (exitCode !== 0)
    throw new UserError(`pulumi destroy didn't get through; it says above why. ${again} goes on from here.`);
  // Their firewalls are free now that the server is gone.
  await sweepGuests(pulumi);
  const left = await labelled(pulumi);
  if (left.length > 0)
    throw new UserError(
      `Still in the cloud with the labels of stack ${pulumi.stack}: ${left.map(({ name, id }) => `${name} (${id})`).join(", ")}. ${again} goes on from here.`,
    );
  console.log(`\nOf stack ${pulumi.stack} nothing is left in the cloud (${elapsed(Date.now() - started)}).`);
}

async function confirm(pulumi: Pulumi): Promise<void> {
  const { resources } = await stateOf(pulumi);
  const servers = resources.filter(({ type }) => type === "hcloud:index/server:Server").map(({ urn }) => nameIn(urn));
  const what = servers.length === 0 ? "what is in the cloud" : `${servers.join(", ")} with all data and backups on it`;
  const answer = await text({ message: `Type ${pulumi.stack} to delete ${what}` });
  if (isCancel(answer) || answer !== pulumi.stack)
    throw new Interrupted(`${pulumi.stack} wasn't typed: nothing was touched.`);
}
