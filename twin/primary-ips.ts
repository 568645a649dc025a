import { ApiError, limitExceeded } from "./errors";
import { nextAddress } from "./machines/network";
import type { Labels, PrimaryIp, Server } from "./state";
import type { Twin } from "./twin";

interface Wanted {
  readonly type: PrimaryIp["type"];
  readonly location: string;
  readonly autoDelete: boolean;
  /** By default one from its number, as Hetzner gives those that come with a server. */
  readonly name?: string;
  readonly labels?: Labels;
}

/** A new address of the project's, assigned to nothing. */
export function newPrimaryIp(twin: Twin, { type, name, labels = {}, ...wanted }: Wanted): PrimaryIp {
  const id = twin.store.id();
  const ip: PrimaryIp = {
    id,
    type,
    ip: type === "ipv4" ? freeAddress(twin) : `${twin.network.prefix6 ?? "2001:db8:0"}:${id.toString(16)}::/64`,
    name: name ?? `primary_ip-${id}`,
    labels,
    created: new Date().toISOString(),
    protection: false,
    server: null,
    ...wanted,
  };
  twin.state.primaryIps.push(ip);
  return ip;
}

/** @throws ApiError where all addresses of the network are in use */
export function freeAddress(twin: Twin): string {
  try {
    return nextAddress(twin.state, twin.network);
  } catch (error) {
    throw limitExceeded((error as Error).message);
  }
}

/** Throws what Hetzner answers where an address can't be a server's. */
export function requireAssignable(ip: PrimaryIp, type: PrimaryIp["type"], location: string): void {
  const refuse = (code: string, message: string) => {
    throw new ApiError(422, code, message);
  };
  if (ip.type !== type) refuse("primary_ip_version_mismatch", `primary IP ${ip.id} is ${ip.type}, not ${type}`);
  if (ip.location !== location)
    refuse("primary_ip_datacenter_mismatch", `primary IP ${ip.id} is in ${ip.location}, the server in ${location}`);
  if (ip.server !== null) refuse("primary_ip_assigned", `primary IP ${ip.id} is assigned to server ${ip.server}`);
}

/** Both sides of it: the address knows its server, and the server its address. */
export function assign(ip: PrimaryIp, server: Server): void {
  ip.server = server.id;
  if (ip.type === "ipv4") server.ipv4 = { id: ip.id, ip: ip.ip };
  else server.ipv6 = { id: ip.id, network: ip.ip };
}

export function unassign(ip: PrimaryIp, server: Server): void {
  ip.server = null;
  if (ip.type === "ipv4") server.ipv4 = null;
  else server.ipv6 = null;
}

/** The addresses of a server from a twin's state that knew them only as its own. */
export function ownAddresses({ id: server, ipv4, ipv6, created, location }: Server): PrimaryIp[] {
  const own = (type: PrimaryIp["type"], id: number, ip: string): PrimaryIp => ({
    ...{ id, type, ip, location, created, server },
    ...{ name: `primary_ip-${id}`, labels: {}, autoDelete: true, protection: false },
  });
  return [...(ipv4 ? [own("ipv4", ipv4.id, ipv4.ip)] : []), ...(ipv6 ? [own("ipv6", ipv6.id, ipv6.network)] : [])];
}
