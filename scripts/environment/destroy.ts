import { z } from "zod";
import { Api } from "../access/api";
import { ensureEngine } from "../engine";
import { heal, observe } from "../healing";
import type { Resource } from "../healing/state";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { assertAnswerable } from "./bring-up";
import { existence } from "./existence";
import { ADDRESS, inWords, keptWith, STORAGE_BOX } from "./kept";
import { assertUnprotected } from "./protection";
import { screen } from "./screen";
import { tearDown, typeName } from "./tear-down";

/**
 * Deletes what a stack has in the cloud; its Storage Box stays, unless somebody says so twice.
 *
 * @throws UserError where the stack is protected: nothing was touched then
 * @throws Interrupted after Ctrl-C, or where the stack's name wasn't typed
 */
export async function destroyStack(pulumi: Pulumi, yes: boolean, withBackups: boolean): Promise<void> {
  assertAnswerable(yes);
  await ensureEngine();
  const { stack } = pulumi;
  const observed = await observe(pulumi);
  const { resources } = observed.state;
  const { server, name = "" } = await existence(pulumi, observed);
  const boxes = resources.filter(({ type }) => type === STORAGE_BOX);
  // With a server that is gone nothing is left of what it was protected for, but a protected address is.
  const staying = server === "gone" ? resources.filter(({ type, protect }) => type === ADDRESS && protect) : [];
  const kept = keptWith(resources, [...(withBackups ? [] : boxes), ...staying]);
  const box = keptWith(resources, boxes);
  const goes = resources.filter((one) => !kept.includes(one) && !box.includes(one));
  if (server !== "gone") await assertUnprotected(pulumi, goes);
  if (!yes) {
    await typeName(
      pulumi,
      `delete ${server === "there" ? `${name} with all data and backups on it` : "what is in the cloud"}`,
    );
    if (withBackups && boxes.length > 0)
      await typeName(pulumi, `delete ${inWords(boxes)} as well, with every backup in it, for good`);
  }
  await heal(pulumi, console.log);
  if (withBackups) await liftProtection(pulumi, boxes);
  await tearDown(pulumi, {
    kept,
    gone: server === "gone",
    despiteProtection: withBackups && boxes.length > 0,
    again: typed("destroy", "--stack", stack, ...(withBackups ? ["--with-backups"] : [])),
    screen: screen(false),
  });
  if (boxes.length > 0 && !withBackups)
    console.log(`To delete its backups too, for good: ${typed("destroy", "--stack", stack, "--with-backups")}`);
}

const WithAction = z.object({ action: z.object({ id: z.number() }) });

/** Hetzner refuses to delete a protected Box. */
async function liftProtection(pulumi: Pulumi, boxes: readonly Resource[]): Promise<void> {
  const api = await Api.ofStorageBoxes(pulumi);
  for (const { id } of boxes) {
    const path = `/storage_boxes/${id}/actions/change_protection`;
    await api.call("POST", path, WithAction, { delete: false });
  }
}
