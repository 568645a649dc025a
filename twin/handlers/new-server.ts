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
import { invalidInput, limitExceeded, notFound, notImplemented, resourceUnavailable } from "../errors";
import { nextAddress } from "../machines/network";
import { hostname, idOrName, labels } from "../request/body";
import type { Server, State } from "../state";
import type { Twin } from "../twin";
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
      ipv4: refused("public_net.ipv4").optional(),
      ipv6: refused("public_net.ipv6").optional(),
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
  const six = wanted.public_net?.enable_ipv6 !== false;
  const { prefix6 } = twin.network;
  if (six && prefix6 === null) twin.log.warn(`server ${wanted.name} gets no IPv6 address: this computer has no IPv6`);
  let ip: string;
  try {
    ip = nextAddress(twin.state, twin.network);
  } catch (error) {
    throw limitExceeded((error as Error).message);
  }
  const id = twin.store.id();
  return {
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
    ipv4: { id: twin.store.id(), ip },
    ipv6: six && prefix6 !== null ? { id: twin.store.id(), network: `${prefix6}:${id.toString(16)}::/64` } : null,
    protection: false,
    primaryDiskSize: type.disk,
  };
}
