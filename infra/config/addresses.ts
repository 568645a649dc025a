import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ask } from "./api";
import type { Offer } from "./catalogue";
import { isOfProject, labelsOf, labelValue } from "./labels";
import { recordedAddresses } from "./recorded";
import type { Settings } from "./schema";

/** What becomes of a server's addresses. */
export interface AddressPlan {
  readonly name: string;
  readonly location: string;
  /** Whether they outlive the server; otherwise they go with it. */
  readonly kept: boolean;
  readonly protect: boolean;
  /** Hetzner's numbers of those that a server has already, and that are to become resources of the stack's. */
  readonly takeOver: { readonly ipv4?: number; readonly ipv6?: number };
}

type Type = "ipv4" | "ipv6";
type Wanted = Pick<Settings, "stack" | "project" | "server.name" | "server.protect" | "server.keepAddress">;

const Found = z.object({
  primary_ips: z.array(z.object({ id: z.number(), labels: z.record(z.string(), z.string()) })),
});

/**
 * Decides on the addresses. Those of a server that runs are taken over as they are: another address would cost it its power,
 * and the one that its users know. Where they are to be kept no more, they stay the stack's as long as the server lives.
 *
 * @returns undefined where they are Hetzner's to give and to take
 * @throws pulumi.RunError where Hetzner can't be asked
 */
export async function planAddresses(wanted: Wanted, offer: Offer): Promise<AddressPlan | undefined> {
  const kept = wanted["server.keepAddress"];
  const recorded = await recordedAddresses();
  if (!kept && (recorded.length === 0 || offer.existing === undefined)) return undefined;
  const unknown = (["ipv4", "ipv6"] as const).filter((type) => recorded.every((one) => one.type !== type));
  const found = kept ? await Promise.all(unknown.map((type) => existing(wanted, type, offer))) : [];
  const plan = {
    name: wanted["server.name"],
    location: recorded[0]?.location ?? offer.location,
    kept,
    protect: kept && wanted["server.protect"],
    takeOver: Object.fromEntries(found.flatMap((id, index) => (id === undefined ? [] : [[unknown[index], id]]))),
  };
  if (!pulumi.runtime.isDryRun()) await takeOver(plan, labelsOf(wanted, offer.app));
  return plan;
}

/** What each of them is called at Hetzner. */
export const addressName = (server: string, type: Type): string => `${server}-${type}`;

/** The address that an `up` which was killed has left, else the one that the server has. */
async function existing(wanted: Wanted, type: Type, { addresses }: Offer): Promise<number | undefined> {
  const { stack, project, "server.name": name } = wanted;
  const answer = await ask(`/primary_ips?name=${encodeURIComponent(addressName(name, type))}`);
  const left = Found.parse(answer).primary_ips.find(
    ({ labels }) => labels.stack === labelValue(stack) && isOfProject(labels, project),
  );
  return left?.id ?? addresses?.[type];
}

/** Makes them what the program describes: the engine takes over only what is so already. */
async function takeOver(
  { name, protect, takeOver }: AddressPlan,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  for (const type of ["ipv4", "ipv6"] as const) {
    const id = takeOver[type];
    if (id === undefined) continue;
    await ask(`/primary_ips/${id}`, "PUT", { name: addressName(name, type), auto_delete: false, labels });
    await ask(`/primary_ips/${id}/actions/change_protection`, "POST", { delete: protect });
  }
}
