import { setTimeout as sleep } from "node:timers/promises";
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
  const deleting = () =>
    tearDown(pulumi, {
      kept,
      gone: server === "gone",
      despiteProtection: withBackups && boxes.length > 0,
      again: typed("destroy", "--stack", stack, ...(withBackups ? ["--with-backups"] : [])),
      screen: screen(false),
    });
  await (withBackups ? unprotected(pulumi, boxes, deleting) : deleting());
  if (boxes.length > 0 && !withBackups)
    console.log(`To delete its backups too, for good: ${typed("destroy", "--stack", stack, "--with-backups")}`);
}

const OneAction = z.object({ action: z.object({ id: z.number(), status: z.string() }) });

/** Does something with Storage Boxes that Hetzner would refuse for protected ones; where it fails they are protected again. */
async function unprotected(pulumi: Pulumi, boxes: readonly Resource[], use: () => Promise<void>): Promise<void> {
  const api = await Api.ofStorageBoxes(pulumi);
  const protect = async (protection: boolean) => {
    for (const { id } of boxes) {
      const path = `/storage_boxes/${id}/actions/change_protection`;
      await ended(api, await api.call("POST", path, OneAction, { delete: protection }));
    }
  };
  try {
    await protect(false);
    await use();
  } catch (error) {
    // What is deleted already needs none; why it failed is what the person has to read.
    await protect(true).catch(() => {});
    throw error;
  }
}

/** Waits for the end of an action on a Storage Box, for at most half a minute. */
async function ended(api: Api, { action }: z.infer<typeof OneAction>): Promise<void> {
  const until = Date.now() + 30_000;
  for (let { id, status } = action; status === "running" && Date.now() < until; ) {
    await sleep(300);
    ({ status } = (await api.call("GET", `/storage_boxes/actions/${id}`, OneAction)).action);
  }
}
