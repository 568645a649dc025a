import { Anything, Api, Refused } from "../access/api";
import type { Observed } from "../healing";
import { KINDS } from "../healing/cloud";
import { nameIn } from "../healing/state";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { ADDRESS, SERVER, STORAGE_BOX } from "./kept";

/** Whether the server that a stack's state knows is there at Hetzner. */
export interface Existence {
  /** absent: the state knows none; gone: Hetzner has it no more. */
  readonly server: "absent" | "there" | "gone";
  /** Hetzner's id of it. */
  readonly id?: string;
  readonly name?: string;
}

/**
 * Another project's token finds nothing either: a server only counts as gone where something else of the stack is there.
 *
 * @throws UserError where Hetzner's API can't be asked, or the token is another project's
 */
export async function existence(pulumi: Pulumi, { state, inCloud }: Observed): Promise<Existence> {
  const found = state.resources.find(
    ({ type, parent }) => type === SERVER && parent?.includes("queuehost:server:Server"),
  );
  if (found?.id === undefined) return { server: "absent" };
  const { id } = found;
  const name = String(found.outputs?.name ?? nameIn(found.urn));
  if (inCloud.some((one) => one.kind === "servers" && one.id === id)) return { server: "there", id, name };
  const api = await Api.of(pulumi);
  if (await isThere(api, `/servers/${id}`)) return { server: "there", id, name };
  const others = state.resources.filter(({ type }) => type === ADDRESS || type === STORAGE_BOX);
  const boxes = others.some(({ type }) => type === STORAGE_BOX) ? await Api.ofStorageBoxes(pulumi) : api;
  const seen = await Promise.all(
    others.map(({ type, id }) =>
      type === ADDRESS ? isThere(api, `/primary_ips/${id}`) : isThere(boxes, `/storage_boxes/${id}`),
    ),
  );
  if (seen.includes(true) || hasKnown(inCloud, state)) return { server: "gone", id, name };
  throw new UserError(
    `hcloud:token: nothing that stack ${pulumi.stack} knows is in its project, neither the server ${name} (${id}) nor its firewall. Nothing was changed.\n  If the token is another project's, set the right one:\n    npx pulumi config set --secret hcloud:token --stack ${pulumi.stack}\n  If all of it was deleted there, have the state forget it:\n    npx pulumi refresh --stack ${pulumi.stack}`,
  );
}

async function isThere(api: Api, path: string): Promise<boolean> {
  try {
    await api.call("GET", path, Anything);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.code === "not_found") return false;
    throw error;
  }
}

const hasKnown = (inCloud: Observed["inCloud"], { resources }: Observed["state"]): boolean =>
  inCloud.some(({ kind, id }) => resources.some((one) => one.type === KINDS[kind].type && one.id === id));

/** @throws UserError where the server of the state is gone, with the command that brings it back */
export async function assertNotGone(pulumi: Pulumi, observed: Observed): Promise<void> {
  const { server, id, name } = await existence(pulumi, observed);
  if (server !== "gone") return;
  throw new UserError(
    `The server ${name} (${id}) of stack ${pulumi.stack} no longer exists at Hetzner. Nothing was changed. Bring it back with its data: ${typed("recreate", "--stack", pulumi.stack, "--restore", "latest")}`,
  );
}
