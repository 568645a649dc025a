import { describe, expect, test } from "vitest";
import { firewallsOf, renderRemoval, renderRules } from "../../../twin/firewall";
import { emptyState, type Firewall, type FirewallRule, type Server, type StorageBox } from "../../../twin/state";

const server = (id: number, labels = {}): Server => ({
  id,
  name: `s${id}`,
  status: "running",
  created: "",
  serverType: "cx23",
  image: 1,
  location: "nbg1",
  labels,
  sshKeys: [],
  userData: "",
  rootPassword: null,
  ipv4: { id: 90 + id, ip: `198.18.7.${id}` },
  ipv6: { id: 80 + id, network: `2001:db8:1:${id}::/64` },
  protection: false,
  primaryDiskSize: 40,
});

const rule = (more: Partial<FirewallRule>): FirewallRule => ({
  direction: "in",
  protocol: "tcp",
  port: "22",
  sourceIps: ["0.0.0.0/0", "::/0"],
  destinationIps: [],
  description: null,
  ...more,
});

const firewall = (rules: FirewallRule[], appliedTo: Firewall["appliedTo"]): Firewall => ({
  id: 1,
  name: "fw",
  labels: {},
  created: "",
  rules,
  appliedTo,
});

const NETWORK = { subnet: "198.18.7.0/24", gateway: "198.18.7.1", prefix6: "2001:db8:1" };
const NAMES = { table: "queuehost_abc123", bridge: "qh-abc123" };

describe("the rules of a twin", () => {
  test("with a filtered and an open server, as a whole", () => {
    const state = emptyState();
    state.servers = [server(2), server(3)];
    state.firewalls = [
      firewall(
        [
          rule({}),
          rule({ port: "80-85", sourceIps: ["10.0.0.0/8", "192.0.2.1/32"] }),
          rule({ protocol: "icmp", port: null }),
          rule({ direction: "out", protocol: "udp", port: "any", sourceIps: [], destinationIps: ["2001:db8::/32"] }),
        ],
        [{ type: "server", server: 2 }],
      ),
    ];
    expect(renderRules(state, NETWORK, NAMES, 4000, { tcp: 4001, names: 4002 })).toBe(`add table inet queuehost_abc123
delete table inet queuehost_abc123
table inet queuehost_abc123 {
  chain in_2 {
    meta nfproto ipv4 tcp dport 22 return
    meta nfproto ipv6 tcp dport 22 return
    ip saddr { 10.0.0.0/8, 192.0.2.1/32 } tcp dport 80-85 return
    meta nfproto ipv4 meta l4proto icmp return
    meta nfproto ipv6 meta l4proto icmpv6 return
    drop
  }
  chain out_2 {
    ip6 daddr { 2001:db8::/32 } udp dport 0-65535 return
    drop
  }
  chain in_3 {
  }
  chain out_3 {
  }
  chain inbound {
    ct state established,related return
    ct state invalid drop
    ip daddr 198.18.7.2 jump in_2
    ip6 daddr 2001:db8:1:2::/64 jump in_2
    ip daddr 198.18.7.3 jump in_3
    ip6 daddr 2001:db8:1:3::/64 jump in_3
  }
  chain outbound {
    ct state established,related return
    ct state invalid drop
    tcp dport { 25, 465 } drop
    ip saddr != { 198.18.7.2, 198.18.7.3 } drop
    ip saddr 198.18.7.2 jump out_2
    ip6 saddr 2001:db8:1:2::/64 jump out_2
    ip saddr 198.18.7.3 jump out_3
    ip6 saddr 2001:db8:1:3::/64 jump out_3
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    iifname "qh-abc123" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return
    iifname "qh-abc123" jump outbound
    oifname "qh-abc123" jump inbound
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iifname "qh-abc123" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return
    iifname "qh-abc123" ip daddr 198.18.7.1 tcp dport 4000 ct original ip daddr 169.254.169.254 return
    iifname "qh-abc123" jump outbound
  }
  chain output {
    type filter hook output priority filter - 10; policy accept;
    oifname "qh-abc123" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return
    oifname "qh-abc123" icmp type redirect drop
    oifname "qh-abc123" jump inbound
  }
  chain homeless {
    type filter hook prerouting priority filter - 10; policy accept;
    iifname "qh-abc123" ip6 daddr 2000::/3 ip6 daddr != 2001:db8:1::/48 reject with icmpv6 no-route
  }
  chain metadata {
    type nat hook prerouting priority dstnat - 10; policy accept;
    iifname "qh-abc123" ip daddr 169.254.169.254 tcp dport 80 dnat ip to 198.18.7.1:4000
  }
}
`);
  });

  test("a firewall without rules shuts what comes in and leaves open what goes out", () => {
    const state = emptyState();
    state.servers = [server(2)];
    state.firewalls = [firewall([], [{ type: "server", server: 2 }])];
    const rules = renderRules(state, NETWORK, NAMES, 4000, { tcp: 4001, names: 4002 });
    expect(rules).toContain("chain in_2 {\n    drop\n  }\n  chain out_2 {\n  }");
  });

  test("several firewalls on a server add up", () => {
    const state = emptyState();
    state.servers = [server(2, { role: "web" })];
    state.firewalls = [
      firewall([rule({ port: "22" })], [{ type: "server", server: 2 }]),
      { ...firewall([rule({ port: "443" })], [{ type: "label_selector", selector: "role=web" }]), id: 2 },
    ];
    expect(firewallsOf(state.servers[0] ?? server(0), state)).toHaveLength(2);
    const rules = renderRules(state, { ...NETWORK, prefix6: null }, NAMES, 4000, { tcp: 4001, names: 4002 });
    expect(rules).toMatch(/tcp dport 22 return[\s\S]*tcp dport 443 return[\s\S]*drop/);
    expect(rules).not.toContain("homeless");
  });

  test("their removal works whether they are there or not", () => {
    expect(renderRemoval("t")).toBe("add table inet t\ndelete table inet t\n");
  });
});

test("a Storage Box is shut where its settings say so: to SSH, or to all that isn't Hetzner's", () => {
  const shut = (access: object) => {
    const state = emptyState();
    state.storageBoxes = [{ id: 1, ip: "198.18.7.9", access } as StorageBox];
    const rules = renderRules(state, NETWORK, NAMES, 4000, { tcp: 4001, names: 4002 }).split("\n");
    const of = (name: string) => rules.slice(rules.findIndex((line) => line.includes(`chain ${name} {`)));
    const within = (name: string) => of(name).slice(0, of(name).indexOf("  }")).join("\n");
    return ["forward", "output"].map((name) => within(name).includes("ip daddr 198.18.7.9"));
  };
  expect(shut({ ssh_enabled: true, reachable_externally: true })).toEqual([false, false]);
  expect(shut({ ssh_enabled: true, reachable_externally: false })).toEqual([false, true]);
  expect(shut({ ssh_enabled: false, reachable_externally: true })).toEqual([true, true]);
});
