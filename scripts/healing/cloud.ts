import { z } from "zod";
import { configOf } from "../environment/config";
import { UserError } from "../lib/errors";
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

const HETZNER = "https://api.hetzner.cloud/v1";
const One = z.object({ id: z.number(), name: z.string(), public_key: z.string().optional() });

/**
 * Everything in the cloud that carries the labels of a stack.
 *
 * @throws UserError where the API can't be reached or refuses the token
 */
export async function labelled(pulumi: Pulumi): Promise<Labelled[]> {
  const config = await configOf(pulumi, true);
  const endpoint = config["hcloud:endpoint"]?.value || process.env.HCLOUD_ENDPOINT || HETZNER;
  const token = config["hcloud:token"]?.value || process.env.HCLOUD_TOKEN;
  // The program says what is wrong with the configuration; without a token nothing can have been made.
  if (token === undefined) return [];
  const selector = encodeURIComponent(`managed-by=queuehost,stack=${pulumi.stack.split("/").at(-1)}`);
  const list = async (kind: Kind): Promise<Labelled[]> => {
    const answer = await ask(`${endpoint}/${kind}?label_selector=${selector}&per_page=50`, token);
    return z
      .object({ [kind]: z.array(One) })
      .transform((body) => body[kind] ?? [])
      .parse(answer)
      .map(({ id, name, public_key: publicKey }) => ({
        kind,
        id: String(id),
        name,
        ...(publicKey === undefined ? {} : { publicKey }),
      }));
  };
  return (await Promise.all((Object.keys(KINDS) as Kind[]).map(list))).flat();
}

async function ask(url: string, token: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(15_000),
  }).catch((error: Error) => {
    const { message } = error.cause instanceof Error ? error.cause : error;
    throw new UserError(`Hetzner's API can't be reached at ${new URL(url).origin}: ${message}. Nothing was changed.`);
  });
  if (response.status === 401)
    throw new UserError(
      "hcloud:token: Hetzner doesn't know it (unauthorized). Make one in the console, under Security, API tokens, and set it: npx pulumi config set --secret hcloud:token",
    );
  if (!response.ok)
    throw new UserError(`Hetzner's API answered ${response.status} to ${url}: ${await response.text()}`);
  return response.json();
}
