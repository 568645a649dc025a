import { z } from "zod";
import { BackupServer } from "../backups/server";
import { nameIn } from "../healing/state";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { whoami } from "../release/who";
import type { Subject } from "../verification/check";
import { SERVER, STORAGE_BOX } from "./kept";
import { offServer } from "./off-server";
import type { Screen } from "./screen";

const Preview = z.object({ steps: z.array(z.object({ op: z.string(), urn: z.string() })).default([]) });

/** What an `up` would take away. */
export interface Danger {
  readonly noun: "server" | "Storage Box";
  readonly name: string;
  readonly verb: "replace" | "delete";
}

/** What a preview (`pulumi preview --json`) would delete of what holds data. */
export function dangers(preview: unknown): Danger[] {
  const found = Preview.parse(preview).steps.flatMap(({ op, urn }): Danger[] => {
    const type = urn.split("::").at(-2)?.split("$").at(-1);
    const noun = type === SERVER ? "server" : type === STORAGE_BOX ? "Storage Box" : undefined;
    const verb = /replace/.test(op) ? "replace" : op === "delete" ? "delete" : undefined;
    return noun === undefined || verb === undefined ? [] : [{ noun, name: nameIn(urn), verb }];
  });
  // A replacement is several steps.
  return found.filter(({ name }, at) => found.findIndex((other) => other.name === name) === at);
}

const Diagnostics = z.object({ diagnostics: z.array(z.object({ severity: z.string(), message: z.string() })) });

/** What a preview that failed says went wrong. */
export function faults(stdout: string, output: string): string {
  try {
    const { diagnostics } = Diagnostics.parse(JSON.parse(stdout));
    const said = diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message.trim());
    return said.length > 0 ? said.join("\n") : output;
  } catch {
    return output;
  }
}

/**
 * Looks, before an `up`, whether it would delete or replace the server or the Storage Box. Then a backup of what is on the server
 * is made and sent off it, or the `up` is refused. Pulumi's own hooks before a deletion aren't to be had everywhere: the language
 * host that is built from the registries has none.
 *
 * @throws UserError where what is on the server can't be made safe
 */
export async function guard(pulumi: Pulumi, { say }: Screen): Promise<void> {
  const { exitCode, stdout, output } = await unlessInterrupted(
    "Interrupted. Nothing was changed.",
    pulumi.run(["preview", "--json"]),
  );
  // Unseen, nothing is done: the up might get through all the same.
  if (exitCode !== 0)
    throw new UserError(
      `pulumi preview failed for stack ${pulumi.stack}. Nothing was changed.\n${faults(stdout, output)}`,
    );
  const found = dangers(JSON.parse(stdout));
  if (found.length === 0) return;
  const { stack } = pulumi;
  const would = `This up would ${found.map(({ verb, noun, name }) => `${verb} the ${noun} ${name}`).join(" and ")}`;
  if (found.some(({ noun }) => noun === "Storage Box"))
    throw new UserError(
      `${would}, with every backup in it. Nothing was changed. Where that is meant: ${typed("destroy", "--stack", stack, "--with-backups")}`,
    );
  const instead = `With its data: ${typed("recreate", "--stack", stack, "--restore", "latest")}`;
  const place = await offServer(pulumi);
  if (place === undefined)
    throw new UserError(
      `${would}, with its data and its backups, which are nowhere else (backups.to isn't set). Nothing was changed. ${instead}`,
    );
  const server = new BackupServer(stack, (await pulumi.outputs()).verification as Subject);
  const who = await whoami();
  say(`${would}: backing up what is on it first`);
  try {
    await server.now(who);
    const id = await server.ship(who);
    say(
      `backup ${id} is at ${place}. The new server begins without data: ${typed("restore", "--stack", stack, "--from", id)}`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${would}, and what is on it couldn't be backed up at ${place}: ${error.message}\nNothing was changed. ${instead}`,
    );
  }
}
