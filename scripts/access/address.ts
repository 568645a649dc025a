import { isIP, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { UserError } from "../lib/errors";
import { reason } from "../verification/reason";

/** Where the server says which address a request comes from (host/proxy/Caddyfile.in). */
const PATH = "/.queuehost/address";

/** The widest ranges that a guest may have: what one household or office has. */
const WIDEST = { ipv4: 24, ipv6: 56 } as const;

/**
 * The address by which the server sees this machine: the server itself is asked, over HTTP, since that port is open to everybody
 * and no third party has to be relied on.
 *
 * @throws UserError where it doesn't say
 */
export async function ownAddress(host: string): Promise<string> {
  const url = new URL(PATH, `http://${isIPv6(host) ? `[${host}]` : host}`);
  const seen = await fetch(url, { signal: AbortSignal.timeout(5000) })
    .then(async (response) => (response.ok ? (await response.text()).trim() : `an answer ${response.status}`))
    .catch((error: unknown) => reason(error));
  if (isIP(seen) !== 0) return ipaddr.process(seen).toString();
  throw new UserError(
    `The server doesn't say which address this machine has (${url}: ${seen.slice(0, 80)}). Name it: --address 203.0.113.7`,
  );
}

/**
 * An address or a small range as Hetzner takes it.
 *
 * @throws UserError for anything else
 */
export function rangeOf(text: string): string {
  const fault = (what: string) =>
    new UserError(`--address: should be an address such as 203.0.113.7, or a range up to /24 (IPv6: /56), ${what}`);
  const cidr = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  // ipaddr.js takes 203.0.113 for 203.0.0.113, as the C library does.
  if (isIP(cidr.replace(/\/.*/, "")) === 0 || !ipaddr.isValidCIDR(cidr)) throw fault(`got ${text}`);
  const [address, bits] = ipaddr.parseCIDR(cidr);
  if (bits < WIDEST[address.kind()]) throw fault(`got ${text}`);
  const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${family.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}

/** Whether an address lies in one of some ranges. */
export const isIn = (address: string, ranges: readonly string[]): boolean => {
  const parsed = ipaddr.process(address);
  return ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === parsed.kind() && parsed.match(network, bits);
  });
};
