import { z } from "zod";

/** Address of the API, where no other is configured. */
export const HETZNER = "https://api.hetzner.cloud/v1";

/** That of the API of Storage Boxes. */
export const HETZNER_STORAGE = "https://api.hetzner.com/v1";

/** Set to `yes`, a preview is of a server that isn't there yet: whether it could be had, and all else it needs. */
export const NEW_SERVER = "QUEUEHOST_NEW_SERVER";

/** Set to `app.name`, a server that an up makes serves nobody: its data is still to be restored. */
export const RESTORING = "QUEUEHOST_RESTORING";

/** Hetzner couldn't be asked, or refuses; the message says it whole, in a line or two. */
export class HetznerError extends Error {}

export interface Access {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** For the line that sets another token. */
  readonly stack: string;
}

/** A server type, as far as it decides what is ordered. */
export const ServerType = z.object({
  name: z.string(),
  architecture: z.enum(["x86", "arm"]),
  /** GB */
  disk: z.number(),
  locations: z.array(
    z.object({
      name: z.string(),
      available: z.boolean().default(true),
      deprecation: z.object({ unavailable_after: z.string() }).nullish(),
    }),
  ),
});
export type ServerType = z.infer<typeof ServerType>;

export const ExistingServer = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  labels: z.record(z.string(), z.string()),
  server_type: z.object({ name: z.string(), architecture: z.enum(["x86", "arm"]) }),
  location: z.object({ name: z.string() }),
  /** GB */
  primary_disk_size: z.number(),
  /** Its addresses, each with Hetzner's number of it. */
  public_net: z
    .object({ ipv4: z.object({ id: z.number() }).nullable(), ipv6: z.object({ id: z.number() }).nullable() })
    .optional(),
});
export type ExistingServer = z.infer<typeof ExistingServer>;

/**
 * Asks Hetzner's API.
 *
 * @returns the answer; undefined where there is no such thing (404)
 * @throws HetznerError for a token that isn't known, an API that can't be reached, and any other refusal
 */
export async function ask(
  { endpoint, token, stack }: Access,
  path: string,
  method: "GET" | "POST" | "PUT" = "GET",
  body?: object,
): Promise<unknown> {
  const response = await fetch(endpoint + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  }).catch((error) => {
    const cause = error.cause?.message || error.cause?.code || error.message;
    throw new HetznerError(`Hetzner's API can't be reached at ${endpoint}: ${cause}. Nothing was changed.`);
  });
  if (response.status === 404) return undefined;
  if (response.status === 401)
    throw new HetznerError(
      `hcloud:token: Hetzner doesn't know it (unauthorized). Make one in the console, under Security, API tokens, and set it:\n` +
        `    npx pulumi config set --secret hcloud:token --stack ${stack}`,
    );
  if (!response.ok)
    throw new HetznerError(`Hetzner's API answered ${response.status} to ${method} ${path}: ${await response.text()}`);
  return response.json();
}
