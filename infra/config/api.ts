import * as pulumi from "@pulumi/pulumi";
import { HETZNER, HETZNER_STORAGE, HetznerError, ask as request } from "./hetzner";

/**
 * Asks Hetzner with the stack's own access.
 *
 * @throws pulumi.RunError, see `request`
 */
export async function ask(path: string, method?: "POST" | "PUT", body?: object): Promise<unknown> {
  const config = new pulumi.Config("hcloud");
  // Where the provider looks, too; it has its own address for Storage Boxes alone.
  const endpoint = path.startsWith("/storage_boxes")
    ? (config.get("endpointHetzner") ?? process.env.HETZNER_ENDPOINT ?? HETZNER_STORAGE)
    : (config.get("endpoint") ?? process.env.HCLOUD_ENDPOINT ?? HETZNER);
  const access = {
    endpoint,
    token: config.get("token") ?? process.env.HCLOUD_TOKEN,
    stack: pulumi.getStack(),
  };
  return request(access, path, method, body).catch((error) => {
    throw error instanceof HetznerError ? new pulumi.RunError(error.message) : error;
  });
}
