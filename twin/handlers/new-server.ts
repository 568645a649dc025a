import { randomBytes } from "node:crypto";
import { z } from "zod";
import {
  byIdOrName,
  IMAGES,
  type Image,
  LOCATIONS,
  OWN_ARCHITECTURE,
  RUNNABLE_IMAGE,
  SERVER_TYPES,
  type ServerType,
} from "../catalogue";
import { invalidInput, notFound, notImplemented, resourceUnavailable } from "../errors";
import { assign, newPrimaryIp, requireAssignable } from "../primary-ips";
import { hostname, idOrName, labels } from "../request/body";
import type { PrimaryIp, Server, State } from "../state";
import type { Twin } from "../twin";
import { find } from "./handler";
import { requireRoom } from "./sold-out";

/** Hetzner's limit, in bytes. */
const MAX_USER_DATA = 32 * 1024;

/** An option that the twin doesn't imitate: nothing, null, false and an empty list ask for nothing and are let pass. */
const refused = (option: string) =>
  z.unknown().transform((value) => {
    const asks = Array.isArray(value) ? value.length > 0 : Boolean(value);
    if (asks) throw notImplemented(`the option '${option}' of a server`);
    return undefined;
  });

export const CREATE = z.strictObject({
  name: hostname,
  server_type: idOrName,
  image: idOrName,
  location: z.string().nullish(),
  ssh_keys: z.array(idOrName).nullish(),
  user_data: z
    .string()
    .refine((data) => Buffer.byteLength(data) <= MAX_USER_DATA, "must have at most 32 KiB")
    .nullish(),
  labels,
  firewalls: z.array(z.object({ firewall: z.int() })).nullish(),
  start_after_create: z.boolean().nullish(),
  public_net: z
    .strictObject({
      enable_ipv4: z.boolean().default(true),
      enable_ipv6: z.boolean().default(true),
      ipv4: z.int().nullish(),
      ipv6: z.int().nullish(),
    })
    .nullish(),
  automount: z.unknown().optional(),
  networks: refused("networks").optional(),
  volumes: refused("volumes").optional(),
  placement_group: refused("placement_group").optional(),
  datacenter: refused("datacenter").optional(),
});

export const UPDATE = z.strictObject({ name: hostname.nullish(), labels });

function choose<T extends { readonly id: number; readonly name: string }>(
  all: readonly T[],
  wanted: string | number,
  field: string,
): T {
  const chosen = byIdOrName(all, wanted);
  if (!chosen) throw invalidInput([{ name: field, messages: [`${field.replace("_", " ")} '${wanted}' not found`] }]);
  return chosen;
}

/** The image for the type's architecture. Only one has machines behind it: the others are refused, not imitated. */
function imageFor(type: ServerType, wanted: string | number): Image {
  const image = choose(
    IMAGES.filter(({ architecture }) => architecture === type.architecture),
    wanted,
    "image",
  );
  if (image.name !== RUNNABLE_IMAGE)
    throw notImplemented(`the image '${image.name}': its machines run ${RUNNABLE_IMAGE} only`);
  if (type.architecture !== OWN_ARCHITECTURE) {
    throw resourceUnavailable(
      `server type ${type.name} is ${type.architecture}, and this computer, on which the twin's machines run, is ${OWN_ARCHITECTURE}`,
    );
  }
  return image;
}

function locationFor(type: ServerType, wanted: string | null | undefined, state: State): string {
  const location = choose(LOCATIONS, wanted ?? type.locations[0] ?? "", "location");
  if (!type.locations.includes(location.name))
    throw invalidInput([{ name: "location", messages: [`unsupported location for server type ${type.name}`] }]);
  requireRoom(state, type.name, location.name);
  return location.name;
}

/** The server that a request asks for, with addresses of its own; throws Hetzner's errors and changes nothing then. */
export function newServer(twin: Twin, wanted: z.infer<typeof CREATE>): Server {
  const type = choose(SERVER_TYPES, wanted.server_type, "server_type");
  const image = imageFor(type, wanted.image);
  const location = locationFor(type, wanted.location, twin.state);
  const keys = (wanted.ssh_keys ?? []).map((key) => {
    const found = byIdOrName(twin.state.sshKeys, key);
    if (!found) throw notFound(`SSH key '${key}'`);
    return found.publicKey;
  });
  if (wanted.public_net?.enable_ipv4 === false)
    throw notImplemented("servers without a public IPv4 address (it has no private networks that would reach them)");
  const id = twin.store.id();
  const server: Server = {
    id,
    name: wanted.name,
    status: "initializing",
    created: new Date().toISOString(),
    serverType: type.name,
    image: image.id,
    location,
    labels: wanted.labels ?? {},
    sshKeys: keys,
    userData: wanted.user_data ?? "",
    rootPassword: keys.length > 0 ? null : randomBytes(15).toString("base64url"),
    ipv4: null,
    ipv6: null,
    protection: false,
    primaryDiskSize: type.disk,
  };
  for (const ip of addresses(twin, wanted, location)) assign(ip, server);
  return server;
}

/** The addresses that a request names, or new ones that go with their server. */
function addresses(twin: Twin, { name, public_net }: z.infer<typeof CREATE>, location: string): PrimaryIp[] {
  const six = public_net?.enable_ipv6 !== false;
  if (six && twin.network.prefix6 === null)
    twin.log.warn(`server ${name} gets no IPv6 address: this computer has no IPv6`);
  const wanted = [
    { type: "ipv4", id: public_net?.ipv4, is: true },
    { type: "ipv6", id: public_net?.ipv6, is: six && twin.network.prefix6 !== null },
  ] as const;
  const found = wanted.map(({ type, id, is }) => {
    if (!is || id == null) return undefined;
    const ip = find(twin.state.primaryIps, id, "primary ip");
    requireAssignable(ip, type, location);
    return ip;
  });
  return wanted.flatMap(({ type, is }, index) =>
    is ? [found[index] ?? newPrimaryIp(twin, { type, location, autoDelete: true })] : [],
  );
}
