import { z } from "zod";
import { isOfProject, labelValue } from "../../infra/config/labels";
import { Api } from "../access/api";
import { projectName } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";

/** Something that is paid for without a server. */
export interface Paid {
  readonly noun: "address" | "Storage Box";
  readonly id: string;
  readonly name: string;
}

const Found = z.array(z.object({ id: z.number(), name: z.string(), labels: z.record(z.string(), z.string()) }));

/**
 * The addresses and Storage Boxes in the cloud that carry the labels of a stack, whether its state knows them or not.
 *
 * @throws UserError where the API can't be reached or refuses the token
 */
export async function paidFor(pulumi: Pulumi): Promise<Paid[]> {
  const stack = pulumi.stack.split("/").at(-1) ?? "";
  const list = async (api: Api, key: "primary_ips" | "storage_boxes", noun: Paid["noun"]): Promise<Paid[]> => {
    const selector = encodeURIComponent(`managed-by=queuehost,stack=${labelValue(stack)}`);
    const answer = await api.call("GET", `/${key}?label_selector=${selector}&per_page=50`, z.object({ [key]: Found }));
    return (answer[key] ?? [])
      .filter(({ labels }) => isOfProject(labels, projectName()))
      .map(({ id, name }) => ({ noun, id: String(id), name }));
  };
  const [servers, storage] = await Promise.all([Api.of(pulumi), Api.ofStorageBoxes(pulumi)]);
  const found = await Promise.all([
    list(servers, "primary_ips", "address"),
    list(storage, "storage_boxes", "Storage Box"),
  ]);
  return found.flat();
}
