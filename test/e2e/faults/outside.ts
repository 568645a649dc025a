import { networkInterfaces } from "node:os";
import type { Deployment } from "../../support/deployment";
import { waitFor } from "../../support/wait-for";
import { byCommand, type Fault, onServer } from "./fault";

/** Otherwise the twin's servers get no such address. */
export const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));
const overIpv6 = (check: string) => (HAS_IPV6 ? [`${check} over IPv6`] : []);

export const RELOAD_FIREWALL = "systemctl reload nftables || systemctl restart nftables";

interface Rule {
  readonly port: string;
}

/** Changes the rules of the stack's cloud firewall, as somebody would in the console, and waits until they are in force. */
const setRules = (change: (rules: Rule[]) => object[]) => async (deployment: Deployment) => {
  const { firewallId } = await deployment.subject();
  const path = `/firewalls/${firewallId}`;
  const { firewall } = await deployment.api<{ firewall: { rules: Rule[] } }>(path);
  const { actions } = await deployment.api<{ actions: { id: number }[] }>(`${path}/actions/set_rules`, "POST", {
    rules: change(firewall.rules),
  });
  for (const { id } of actions)
    await waitFor("the firewall's rules to be in force", async () => {
      const { action } = await deployment.api<{ action: { status: string } }>(`/actions/${id}`);
      return action.status === "success";
    });
};
const rule = (port: string, source_ips: readonly string[]) => ({ direction: "in", protocol: "tcp", port, source_ips });
const open = (port: string) => setRules((rules) => [...rules, rule(port, ["0.0.0.0/0", "::/0"])]);
const close = (port: string) => setRules((rules) => rules.filter((present) => present.port !== port));
const second = ({ pulumi }: Deployment) => `second-${pulumi.stack}`;
const removeSecond = async (deployment: Deployment) => {
  const { serverId } = await deployment.subject();
  const { firewalls } = await deployment.api<{ firewalls: { id: number }[] }>(`/firewalls?name=${second(deployment)}`);
  for (const { id } of firewalls) {
    const remove_from = [{ type: "server", server: { id: serverId } }];
    await deployment.api(`/firewalls/${id}/actions/remove_from_resources`, "POST", { remove_from });
    await deployment.api(`/firewalls/${id}`, "DELETE");
  }
};

const RULES = "outside: cloud firewall names 22, 80, 443 alone";

export const OUTSIDE_FAULTS: readonly Fault[] = [
  { name: "a rule is added to the cloud firewall", make: open("6379"), mend: close("6379"), red: [RULES] },
  {
    name: "the rule for ssh is taken out of the cloud firewall",
    make: close("22"),
    mend: async (deployment) => {
      const { sshAllowedFrom } = await deployment.subject();
      await setRules((rules) => [...rules, rule("22", sshAllowedFrom)])(deployment);
    },
    // What is on the server can't be looked at then.
    red: [RULES, "outside: port 22 answers", "ssh: connection"],
  },
  {
    name: "a second cloud firewall is attached to the server",
    make: async (deployment) => {
      const { serverId } = await deployment.subject();
      const apply_to = [{ type: "server", server: { id: serverId } }];
      await deployment.api("/firewalls", "POST", { name: second(deployment), rules: [], apply_to });
    },
    mend: removeSecond,
    red: ["outside: no other cloud firewall but those of guests"],
  },
  {
    name: "a guest whose time is over is still let in",
    make: async (deployment) => {
      const { serverId } = await deployment.subject();
      const labels = { "managed-by": "queuehost", guest: "late", until: String(Math.floor(Date.now() / 1000) - 60) };
      const apply_to = [{ type: "server", server: { id: serverId } }];
      const rules = [rule("22", ["203.0.113.7/32"])];
      await deployment.api("/firewalls", "POST", { name: second(deployment), labels, rules, apply_to });
    },
    mend: removeSecond,
    red: ["outside: no other cloud firewall but those of guests"],
  },
  {
    name: "the server's own firewall drops what comes for HTTPS",
    ...byCommand("nft insert rule inet queuehost input tcp dport 443 drop", RELOAD_FIREWALL),
    red: ["outside: port 443 is let through", ...overIpv6("outside: port 443 is let through")],
  },
  {
    name: "something listens on port 8080, and both firewalls let it in",
    make: async (deployment) => {
      await onServer(
        `systemd-run -q -u stray-8080 python3 -m http.server 8080 --bind ::
         nft insert rule inet queuehost input tcp dport 8080 accept
         until_it "ss -Hltn 'sport = :8080' | grep -q ."`,
      )(deployment);
      await open("8080")(deployment);
    },
    mend: async (deployment) => {
      await close("8080")(deployment);
      await onServer(`systemctl stop stray-8080; ${RELOAD_FIREWALL}`)(deployment);
    },
    red: [
      "hardening: no other port is open to the outside",
      "hardening: the firewall names ports 22, 80 and 443 alone",
      RULES,
      "outside: no other port answers",
      ...overIpv6("outside: no other port answers"),
    ],
  },
];
