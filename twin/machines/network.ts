import { networkInterfaces } from "node:os";
import type Docker from "dockerode";
import type { PublicNetwork, State } from "../state";
import type { Names } from "./names";

/** 198.18.0.0/15 is for benchmarks (RFC 2544): no network that a computer talks to lies there. */
const candidates = Array.from({ length: 512 }, (_, n) => `198.${18 + (n >> 8)}.${n & 255}`);

/** The /24 that are taken: by Docker's networks or by addresses of this computer. */
async function taken(docker: Docker): Promise<Set<string>> {
  const networks = await docker.listNetworks();
  const addresses = [
    ...networks.flatMap(({ IPAM }) => (IPAM?.Config ?? []).map(({ Subnet }) => Subnet ?? "")),
    ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  ];
  return new Set(addresses.map((address) => address.split(".").slice(0, 3).join(".")));
}

const hasIpv6 = () => Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));

/**
 * Makes the network that the machines are on, or finds it. A state that names a network keeps it, so that servers keep
 * their addresses when Docker has forgotten it.
 */
export async function ensureNetwork(docker: Docker, names: Names, state: State): Promise<PublicNetwork> {
  const found = (await docker.listNetworks({ filters: { name: [names.network] } })).find(
    ({ Name }) => Name === names.network,
  );
  const subnet = found?.IPAM?.Config?.[0]?.Subnet ?? state.network?.subnet ?? (await freeSubnet(docker, names));
  const gateway = subnet.replace(/\.\d+\/24$/, ".1");
  if (!found) {
    await docker.createNetwork({
      Name: names.network,
      Driver: "bridge",
      IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
      Options: { "com.docker.network.bridge.name": names.bridge },
      Labels: { "queuehost.twin": names.id },
    });
  }
  const prefix6 = hasIpv6() ? `2001:db8:${Number.parseInt(names.id.slice(0, 4), 16).toString(16)}` : null;
  return { subnet, gateway, prefix6 };
}

async function freeSubnet(docker: Docker, names: Names): Promise<string> {
  const used = await taken(docker);
  // Starting at a place of its own, a twin that is made anew tends to find the addresses it had.
  const start = Number.parseInt(names.id, 16) % candidates.length;
  const free = [...candidates.slice(start), ...candidates.slice(0, start)].find((prefix) => !used.has(prefix));
  if (!free) throw new Error("no free /24 in 198.18.0.0/15: docker network ls shows what holds them");
  return `${free}.0/24`;
}

/** The next free address of the network, never the one that was freed last; throws when all 253 are in use. */
export function nextAddress(state: State, network: PublicNetwork): string {
  const used = new Set([...state.primaryIps, ...state.storageBoxes].map(({ ip }) => ip));
  for (let step = 1; step <= 253; step++) {
    const host = 2 + ((state.lastHost - 2 + step + 253) % 253);
    const ip = network.gateway.replace(/\.1$/, `.${host}`);
    if (used.has(ip)) continue;
    state.lastHost = host;
    return ip;
  }
  throw new Error("all 253 addresses of the network are in use");
}
