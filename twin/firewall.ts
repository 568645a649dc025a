import { labelSelector } from "./request/labels";
import type { Firewall, FirewallRule, PublicNetwork, Server, State, StorageBox } from "./state";
import { trapRules } from "./trap/outside";
import type { TrapPorts } from "./trap/trap";

/** The servers that a firewall filters: named ones, and those whose labels its selectors match. */
export function serversOf(firewall: Firewall, servers: readonly Server[]): Server[] {
  const selected = firewall.appliedTo.map((target) => {
    if (target.type === "server") return (server: Server) => server.id === target.server;
    const matches = labelSelector(target.selector);
    return (server: Server) => matches(server.labels);
  });
  return servers.filter((server) => selected.some((matches) => matches(server)));
}

/** The firewalls that filter a server. */
export const firewallsOf = (server: Server, { firewalls, servers }: State): Firewall[] =>
  firewalls.filter((firewall) => serversOf(firewall, servers).includes(server));

const isV6 = (cidr: string) => cidr.includes(":");

/** One rule as nft rules: one for the IPv4 and one for the IPv6 ranges of its list. */
function renderRule(rule: FirewallRule): string[] {
  const side = rule.direction === "in" ? "saddr" : "daddr";
  const ranges = rule.direction === "in" ? rule.sourceIps : rule.destinationIps;
  return [false, true].flatMap((six) => {
    const set = ranges.filter((range) => isV6(range) === six);
    if (set.length === 0) return [];
    const family = six ? "ip6" : "ip";
    // A range of all addresses can't stand in a set with smaller ones.
    const any = set.some((range) => range.endsWith("/0"));
    const where = any ? `meta nfproto ${six ? "ipv6" : "ipv4"}` : `${family} ${side} { ${set.join(", ")} }`;
    const what = {
      tcp: () => `tcp dport ${port(rule)}`,
      udp: () => `udp dport ${port(rule)}`,
      icmp: () => `meta l4proto ${six ? "icmpv6" : "icmp"}`,
      esp: () => "meta l4proto esp",
      gre: () => "meta l4proto gre",
    }[rule.protocol]();
    return [`${where} ${what} return`];
  });
}

const port = ({ port }: FirewallRule) => (port === null || port === "any" ? "0-65535" : port);

function chains(server: Server, firewalls: readonly Firewall[]): string[] {
  const rules = firewalls.flatMap((firewall) => firewall.rules);
  const block = (direction: "in" | "out", body: readonly string[]) => [
    `  chain ${direction}_${server.id} {`,
    ...body.map((line) => `    ${line}`),
    "  }",
  ];
  const incoming = rules.filter(({ direction }) => direction === "in").flatMap(renderRule);
  const outgoing = rules.filter(({ direction }) => direction === "out").flatMap(renderRule);
  // No firewall: all is open. A firewall without a rule for incoming traffic shuts it; without one for outgoing, it is open.
  return [
    ...block("in", firewalls.length === 0 ? [] : [...incoming, "drop"]),
    ...block("out", outgoing.length === 0 ? [] : [...outgoing, "drop"]),
  ];
}

/** IPv6 can't work without neighbour discovery, and no cloud firewall can forbid it. */
const NEIGHBOURS =
  "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return";

/** Sends each server's packets through its own chain. (Plain jumps: listing a verdict map made by nft 1.1 crashes nft 1.0.) */
const dispatch = (name: string, servers: readonly Server[], direction: "in" | "out") => {
  const side = direction === "in" ? "daddr" : "saddr";
  const v4 = servers.flatMap(({ ipv4 }) => ipv4?.ip ?? []);
  return [
    `  chain ${name} {`,
    "    ct state established,related return",
    "    ct state invalid drop",
    // As at Hetzner, for new accounts.
    ...(direction === "out" ? ["    tcp dport { 25, 465 } drop"] : []),
    // Nobody else's address may be used as sender.
    ...(direction === "out" && v4.length > 0 ? [`    ip saddr != { ${v4.join(", ")} } drop`] : []),
    ...servers.flatMap(({ id, ipv4, ipv6 }) => [
      ...(ipv4 ? [`    ip ${side} ${ipv4.ip} jump ${direction}_${id}`] : []),
      ...(ipv6 ? [`    ip6 ${side} ${ipv6.network} jump ${direction}_${id}`] : []),
    ]),
    "  }",
  ];
};

/** What a Storage Box's settings shut: SSH, or all of it to who isn't in Hetzner's network, which here is this computer. */
const closedBoxes = (boxes: readonly StorageBox[], setting: "ssh_enabled" | "reachable_externally") =>
  boxes
    .filter(({ access }) => !access[setting])
    .map(({ ip }) => `    ip daddr ${ip} meta l4proto tcp reject with tcp reset`);

/**
 * The whole ruleset of a twin for `nft -f`, replaced in one transaction. It stands outside the machines, is stateful, and
 * sees: what the host sends to machines (output), what machines send to each other and to the world (forward), and what
 * machines send to the host (input). Requests to 169.254.169.254:80 go to the twin's metadata listener.
 * @param metadataPort where that listens on the bridge's own address
 * @param trapPorts where the trap does
 */
export function renderRules(
  state: State,
  network: PublicNetwork,
  { table, bridge }: { readonly table: string; readonly bridge: string },
  metadataPort: number,
  trapPorts: TrapPorts,
): string {
  const trap = trapRules(state, network, bridge, trapPorts);
  const { servers, storageBoxes } = state;
  const metadata = `ip daddr ${network.gateway} tcp dport ${metadataPort} ct original ip daddr 169.254.169.254 return`;
  return `${[
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...servers.flatMap((server) => chains(server, firewallsOf(server, state))),
    ...dispatch("inbound", servers, "in"),
    ...dispatch("outbound", servers, "out"),
    ...trap.chains,
    "  chain forward {",
    "    type filter hook forward priority filter - 10; policy accept;",
    `    iifname "${bridge}" ${NEIGHBOURS}`,
    ...trap.forward,
    `    iifname "${bridge}" jump outbound`,
    ...closedBoxes(storageBoxes, "ssh_enabled"),
    `    oifname "${bridge}" jump inbound`,
    "  }",
    "  chain input {",
    "    type filter hook input priority filter - 10; policy accept;",
    `    iifname "${bridge}" ${NEIGHBOURS}`,
    `    iifname "${bridge}" ${metadata}`,
    ...trap.input,
    `    iifname "${bridge}" jump outbound`,
    "  }",
    "  chain output {",
    "    type filter hook output priority filter - 10; policy accept;",
    `    oifname "${bridge}" ${NEIGHBOURS}`,
    // All traffic between machines shall go through here; a redirect would teach them the direct way.
    `    oifname "${bridge}" icmp type redirect drop`,
    ...closedBoxes(storageBoxes, "ssh_enabled"),
    ...closedBoxes(storageBoxes, "reachable_externally"),
    `    oifname "${bridge}" jump inbound`,
    "  }",
    ...(network.prefix6 === null
      ? []
      : [
          // Documentation addresses have no way home: say so at once, rather than let the machine wait.
          "  chain homeless {",
          "    type filter hook prerouting priority filter - 10; policy accept;",
          `    iifname "${bridge}" ip6 daddr 2000::/3 ip6 daddr != ${network.prefix6}::/48 reject with icmpv6 no-route`,
          "  }",
        ]),
    "  chain metadata {",
    "    type nat hook prerouting priority dstnat - 10; policy accept;",
    `    iifname "${bridge}" ip daddr 169.254.169.254 tcp dport 80 dnat ip to ${network.gateway}:${metadataPort}`,
    ...trap.nat,
    "  }",
    "}",
  ].join("\n")}\n`;
}

/** What removes a twin's rules, whether they are there or not. */
export const renderRemoval = (table: string) => `add table inet ${table}\ndelete table inet ${table}\n`;
