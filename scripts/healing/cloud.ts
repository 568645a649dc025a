import { z } from "zod";
import { ask, HETZNER, HetznerError } from "../../infra/config/hetzner";
import { defaultServerName, isOfProject, labelValue } from "../../infra/config/labels";
import { configOf } from "../environment/config";
import { UserError } from "../lib/errors";
import { projectName } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";

/** What a program makes in the cloud: by its name in the API, its type in the state, and the component that makes it. */
export const KINDS = {
  firewalls: { type: "hcloud:index/firewall:Firewall", component: "queuehost:network:Network", noun: "firewall" },
  ssh_keys: { type: "hcloud:index/sshKey:SshKey", component: "queuehost:server:Server", noun: "ssh key" },
  servers: { type: "hcloud:index/server:Server", component: "queuehost:server:Server", noun: "server" },
} as const;

export type Kind = keyof typeof KINDS;

/** Something in the cloud with the labels of a stack. */
export interface Labelled {
  readonly kind: Kind;
  readonly id: string;
  readonly name: string;
  /** Of an ssh key. */
  readonly publicKey?: string;
}

const One = z.object({
  id: z.number(),
  name: z.string(),
  public_key: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
});

/**
 * Everything in the cloud that carries the labels of a stack and the name that its program gives. What another project's stack
 * of the same name has there, is none of it.
 *
 * @throws UserError where the API can't be reached or refuses the token
 */
export async function labelled(pulumi: Pulumi): Promise<Labelled[]> {
  const config = await configOf(pulumi, true);
  const endpoint = config["hcloud:endpoint"]?.value || process.env.HCLOUD_ENDPOINT || HETZNER;
  const token = config["hcloud:token"]?.value || process.env.HCLOUD_TOKEN;
  // The program says what is wrong with the configuration; without a token nothing can have been made.
  if (token === undefined) return [];
  const stack = pulumi.stack.split("/").at(-1) ?? "";
  const project = projectName();
  const name = config["queuehost:server.name"]?.value || defaultServerName(stack);
  const selector = encodeURIComponent(`managed-by=queuehost,stack=${labelValue(stack)}`);
  const list = async (kind: Kind): Promise<Labelled[]> => {
    const path = `/${kind}?label_selector=${selector}&per_page=50`;
    const answer = await ask({ endpoint, token, stack }, path).catch((error) => {
      throw error instanceof HetznerError ? new UserError(error.message) : error;
    });
    if (answer === undefined)
      throw new UserError(`hcloud:endpoint: should be Hetzner's API; ${endpoint} has no ${path}. Nothing was changed.`);
    return z
      .object({ [kind]: z.array(One) })
      .transform((body) => body[kind] ?? [])
      .parse(answer)
      .filter((one) => one.name === name && isOfProject(one.labels, project))
      .map(({ id, name, public_key: publicKey }) => ({
        kind,
        id: String(id),
        name,
        ...(publicKey === undefined ? {} : { publicKey }),
      }));
  };
  return (await Promise.all((Object.keys(KINDS) as Kind[]).map(list))).flat();
}
