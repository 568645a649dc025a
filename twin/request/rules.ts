import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { FirewallRule } from "../state";

const MAX_RULES = 50;
const MAX_RANGES = 100;

/** A range in canonical form (RFC 5952), or undefined when it isn't one or has bits set behind its prefix. */
function canonicalRange(text: string): string | undefined {
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, prefix] = ipaddr.parseCIDR(text);
  const network =
    address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  return network.toNormalizedString() === address.toNormalizedString() ? `${address.toString()}/${prefix}` : undefined;
}

const ranges = z
  .array(
    z.string().transform((text, context) => {
      const range = canonicalRange(text);
      if (range === undefined)
        context.issues.push({ code: "custom", message: `'${text}' is not a valid CIDR block`, input: text });
      return range ?? text;
    }),
  )
  .max(MAX_RANGES, `at most ${MAX_RANGES} CIDR blocks`)
  .nullish();

/** "22", "80-85" or "any". */
function isPort(port: string): boolean {
  if (port === "any") return true;
  const [from = 0, to = from] = port.split("-").map(Number);
  return /^\d+(-\d+)?$/.test(port) && from >= 1 && from <= to && to <= 65535;
}

const rule = z
  .strictObject({
    direction: z.enum(["in", "out"]),
    protocol: z.enum(["tcp", "udp", "icmp", "esp", "gre"]),
    port: z.string().nullish(),
    source_ips: ranges,
    destination_ips: ranges,
    description: z.string().max(255, "at most 255 characters").nullish(),
  })
  .check(({ value, issues }) => {
    const fault = (path: string, message: string) =>
      issues.push({ code: "custom", path: [path], message, input: value });
    const hasPorts = value.protocol === "tcp" || value.protocol === "udp";
    if (hasPorts && !value.port) fault("port", `is required for protocol ${value.protocol}`);
    if (!hasPorts && value.port) fault("port", `is not allowed for protocol ${value.protocol}`);
    if (hasPorts && value.port && !isPort(value.port)) fault("port", `'${value.port}' is not a port or range of ports`);
    const [own, other] =
      value.direction === "in"
        ? (["source_ips", "destination_ips"] as const)
        : (["destination_ips", "source_ips"] as const);
    if (!value[own]?.length) fault(own, `is required for direction ${value.direction}`);
    if (value[other]?.length) fault(other, `is not allowed for direction ${value.direction}`);
  })
  .transform(
    (value): FirewallRule => ({
      direction: value.direction,
      protocol: value.protocol,
      port: value.port ?? null,
      sourceIps: value.source_ips ?? [],
      destinationIps: value.destination_ips ?? [],
      description: value.description ?? null,
    }),
  );

/** The rules of a firewall as a request names them. */
export const rules = z.array(rule).max(MAX_RULES, `at most ${MAX_RULES} rules`);
