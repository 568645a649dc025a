import type { PublicNetwork, State } from "../state";
import { MARK, TRAP_ADDRESS, type TrapPorts } from "./trap";

/** Parts of the twin's own rules (see firewall.ts), outside the machines. */
interface Parts {
  readonly chains: readonly string[];
  readonly forward: readonly string[];
  readonly input: readonly string[];
  readonly nat: readonly string[];
}

/**
 * What lets nothing out of a machine that its own rules haven't marked, and turns to the trap what they send there. A machine that
 * lost its rules, to whom else it may be, sends nothing.
 */
export function trapRules(
  { trap, servers }: State,
  { gateway }: PublicNetwork,
  bridge: string,
  ports: TrapPorts,
): Parts {
  const four = servers.flatMap(({ ipv4 }) => ipv4?.ip ?? []);
  const six = servers.flatMap(({ ipv6 }) => ipv6?.network ?? []);
  if (trap === null) return { chains: [], forward: [], input: [], nat: [] };
  const toTrap = `iifname "${bridge}" ip daddr ${TRAP_ADDRESS}`;
  return {
    chains: [
      "  chain trapped {",
      "    ct state established,related return",
      ...(four.length === 0 ? [] : [`    ip saddr { ${four.join(", ")} } ip dscp != ${MARK} drop`]),
      ...(six.length === 0 ? [] : [`    ip6 saddr { ${six.join(", ")} } ip6 dscp != ${MARK} drop`]),
      "  }",
    ],
    forward: [`    iifname "${bridge}" jump trapped`],
    input: [
      `    iifname "${bridge}" ip daddr ${gateway} ct original ip daddr ${TRAP_ADDRESS} return`,
      `    iifname "${bridge}" jump trapped`,
    ],
    nat: [
      `    ${toTrap} tcp dport 1 dnat ip to ${gateway}:${ports.tcp}`,
      `    ${toTrap} udp dport 53 dnat ip to ${gateway}:${ports.names}`,
    ],
  };
}
