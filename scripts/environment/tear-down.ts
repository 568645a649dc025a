import { isCancel, text } from "@clack/prompts";
import { sweepGuests } from "../access/guests";
import { elapsed } from "../engine/progress";
import { labelled } from "../healing/cloud";
import { paidFor } from "../healing/paid";
import type { Resource } from "../healing/state";
import { UserError } from "../lib/errors";
import { Interrupted } from "../lib/interrupt";
import type { Pulumi } from "../lib/pulumi";
import { inWords } from "./kept";
import type { Screen } from "./screen";

export interface TearDownOptions {
  /** What stays, with all that it needs (`keptWith`). */
  readonly kept: readonly Resource[];
  /** The server is gone already: nothing is left to protect, and the provider can't delete it. */
  readonly gone?: boolean;
  /** Whoever asked for it has said twice what else is protected. */
  readonly despiteProtection?: boolean;
  /** The command that goes on where this one is interrupted. */
  readonly again: string;
  readonly screen: Screen;
}

/**
 * Deletes what a stack has in the cloud; the stack itself stays, with its configuration.
 *
 * @throws UserError where it didn't get through
 * @throws Interrupted after Ctrl-C
 */
export async function tearDown(pulumi: Pulumi, options: TearDownOptions): Promise<void> {
  const { kept, gone, despiteProtection, again, screen } = options;
  const started = Date.now();
  const besides = [
    ...kept.flatMap(({ urn }) => ["--exclude", urn]),
    ...(gone ? ["--refresh"] : []),
    ...(gone || despiteProtection ? ["--ignore-protect"] : []),
  ];
  const { exitCode } = await pulumi.attended(
    ["destroy", "--yes", "--skip-preview", ...besides],
    `${again} goes on from here.`,
    screen.stdout,
  );
  if (exitCode !== 0)
    throw new UserError(`pulumi destroy didn't get through; it says above why. ${again} goes on from here.`);
  // Their firewalls are free now that the server is gone.
  await sweepGuests(pulumi);
  const left = await labelled(pulumi);
  if (left.length > 0)
    throw new UserError(
      `Still in the cloud with the labels of stack ${pulumi.stack}: ${left.map(({ name, id }) => `${name} (${id})`).join(", ")}. ${again} goes on from here.`,
    );
  await sayPaid(pulumi, kept, screen);
  const but = inWords(kept);
  screen.say(
    `\nOf stack ${pulumi.stack} nothing is left in the cloud${but === "" ? "" : ` but ${but}`} (${elapsed(Date.now() - started)}).`,
  );
}

/** What an `up` that was killed has left and the state never heard of. */
async function sayPaid(pulumi: Pulumi, kept: readonly Resource[], screen: Screen): Promise<void> {
  const found = await paidFor(pulumi).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    screen.say(`Whether addresses or Storage Boxes of the stack are left can't be told: ${error.message}`);
    return [];
  });
  for (const { noun, name, id } of found.filter(({ id }) => kept.every((one) => one.id !== id)))
    screen.say(
      `Still in the cloud, and paid for: the ${noun} ${name} (${id}), which the state doesn't know. Delete it in Hetzner's console.`,
    );
}

/**
 * Asks for the stack's name.
 *
 * @param what is to be done, completing "Type staging to ..."
 * @throws Interrupted where something else is typed
 */
export async function typeName(pulumi: Pulumi, what: string): Promise<void> {
  const answer = await text({ message: `Type ${pulumi.stack} to ${what}` });
  if (isCancel(answer) || answer !== pulumi.stack)
    throw new Interrupted(`${pulumi.stack} wasn't typed: nothing was touched.`);
}
