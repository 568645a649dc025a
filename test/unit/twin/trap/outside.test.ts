import { expect, test } from "vitest";
import { emptyState, type Server, type State } from "../../../../twin/state";
import { trapRules } from "../../../../twin/trap/outside";

const server = (id: number, more: Partial<Server>) => ({ id, ipv4: null, ipv6: null, ...more }) as Server;
const rules = (state: Partial<State>) =>
  trapRules(
    { ...emptyState(), ...state },
    { subnet: "198.18.7.0/24", gateway: "198.18.7.1", prefix6: "2001:db8:1" },
    "qh-abc123",
    { tcp: 4001, names: 4002 },
  );

test("outside of the machines nothing passes that isn't marked, and what is for the trap gets there", () => {
  const servers = [
    server(2, { ipv4: { id: 1, ip: "198.18.7.2" } as Server["ipv4"] }),
    server(3, {
      ipv4: { id: 2, ip: "198.18.7.3" } as Server["ipv4"],
      ipv6: { id: 3, network: "2001:db8:1:3::/64" } as Server["ipv6"],
    }),
  ];
  const { chains, forward, input, nat } = rules({ trap: { answer: 503 }, servers });
  expect([...chains, ...forward, ...input, ...nat].join("\n")).toMatchInlineSnapshot(`
    "  chain trapped {
        ct state established,related return
        ip saddr { 198.18.7.2, 198.18.7.3 } ip dscp != 45 drop
        ip6 saddr { 2001:db8:1:3::/64 } ip6 dscp != 45 drop
      }
        iifname "qh-abc123" jump trapped
        iifname "qh-abc123" ip daddr 198.18.7.1 ct original ip daddr 169.254.169.253 return
        iifname "qh-abc123" jump trapped
        iifname "qh-abc123" ip daddr 169.254.169.253 tcp dport 1 dnat ip to 198.18.7.1:4001
        iifname "qh-abc123" ip daddr 169.254.169.253 udp dport 53 dnat ip to 198.18.7.1:4002"
  `);
});

test("a twin without a trap, or without a server, has none of that", () => {
  expect(rules({ servers: [] })).toEqual({ chains: [], forward: [], input: [], nat: [] });
  expect(rules({ trap: { answer: 503 } }).chains).toHaveLength(3);
});
