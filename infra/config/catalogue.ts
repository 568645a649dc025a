import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { KEYS, type Settings } from "./schema";

const HETZNER = "https://api.hetzner.cloud/v1";

const Offer = z.object({
  server_types: z.array(z.object({ name: z.string(), prices: z.array(z.object({ location: z.string() })) })),
});

const Existing = z.object({ servers: z.array(z.object({ server_type: z.object({ name: z.string() }) })) });

/**
 * Asks Hetzner, before anything is made, whether the server can be had: it would be refused only after its firewall and its
 * key were there.
 */
export async function assertOnOffer(settings: Settings): Promise<void> {
  const { servers } = Existing.parse(await ask(`/servers?name=${settings["server.name"]}`));
  // It was had. Hetzner takes types from its list that go on running.
  if (servers.some(({ server_type }) => server_type.name === settings["server.type"])) return;
  const { server_types: types } = Offer.parse(await ask("/server_types?per_page=50"));
  const type = types.find(({ name }) => name === settings["server.type"]);
  if (type === undefined)
    refuse(
      "server.type",
      "a server type that Hetzner offers",
      types.map(({ name }) => name),
      settings,
    );
  const locations = type.prices.map(({ location }) => location);
  if (!locations.includes(settings["server.location"]))
    refuse("server.location", `a location where Hetzner offers ${type.name}`, locations, settings);
}

function refuse(key: "server.type" | "server.location", what: string, offered: string[], settings: Settings): never {
  throw new pulumi.RunError(
    `${key}: should be ${what} (${offered.sort().join(", ")}), got "${settings[key]}"\n` +
      `    npx pulumi config set ${key} ${KEYS[key].example} --stack ${settings.stack}`,
  );
}

async function ask(path: string): Promise<unknown> {
  const config = new pulumi.Config("hcloud");
  const endpoint = config.get("endpoint") ?? process.env.HCLOUD_ENDPOINT ?? HETZNER;
  const token = config.get("token") ?? process.env.HCLOUD_TOKEN;
  const response = await fetch(endpoint + path, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(15_000),
  }).catch((error) => {
    const cause = error.cause?.message || error.cause?.code || error.message;
    throw new pulumi.RunError(`Hetzner's API can't be reached at ${endpoint}: ${cause}. Nothing was changed.`);
  });
  if (response.status === 401)
    throw new pulumi.RunError(
      `hcloud:token: Hetzner doesn't know it (unauthorized). Make one in the console, under Security, API tokens, and set it:\n` +
        `    npx pulumi config set --secret hcloud:token --stack ${pulumi.getStack()}`,
    );
  if (!response.ok)
    throw new pulumi.RunError(`Hetzner's API answered ${response.status} to GET ${path}: ${await response.text()}`);
  return response.json();
}
