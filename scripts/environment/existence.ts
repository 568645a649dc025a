import { Anything, Api, Refused } from "../access/api";
import type { Observed } from "../healing";
import { nameIn } from "../healing/state";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { SERVER } from "./kept";

/** Whether the server that a stack's state knows is there at Hetzner. */
export interface Existence {
  /** absent: the state knows none; gone: Hetzner has it no more. */
  readonly server: "absent" | "there" | "gone";
  /** Hetzner's id of it. */
  readonly id?: string;
  readonly name?: string;
}

/** @throws UserError where Hetzner's API can't be asked */
export async function existence(pulumi: Pulumi, { state, inCloud }: Observed): Promise<Existence> {
  const found = state.resources.find(
    ({ type, parent }) => type === SERVER && parent?.includes("queuehost:server:Server"),
  );
  if (found?.id === undefined) return { server: "absent" };
  const { id } = found;
  const name = String(found.outputs?.name ?? nameIn(found.urn));
  if (inCloud.some((one) => one.kind === "servers" && one.id === id)) return { server: "there", id, name };
  try {
    await (await Api.of(pulumi)).call("GET", `/servers/${id}`, Anything);
    return { server: "there", id, name };
  } catch (error) {
    if (error instanceof Refused && error.code === "not_found") return { server: "gone", id, name };
    throw error;
  }
}

/** @throws UserError where the server of the state is gone, with the command that brings it back */
export async function assertNotGone(pulumi: Pulumi, observed: Observed): Promise<void> {
  const { server, id, name } = await existence(pulumi, observed);
  if (server !== "gone") return;
  throw new UserError(
    `The server ${name} (${id}) of stack ${pulumi.stack} no longer exists at Hetzner. Nothing was changed. Bring it back with its data: ${typed("recreate", "--stack", pulumi.stack, "--restore", "latest")} (if hcloud:token is another project's, set the right one first)`,
  );
}
