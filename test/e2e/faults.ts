import { networkInterfaces } from "node:os";
import type { Deployment } from "../support/deployment";

/** A fault that is made on a running deployment, the checks that have to turn red, and the way back. */
export interface Fault {
  readonly name: string;
  readonly make: (deployment: Deployment) => Promise<unknown>;
  readonly mend: (deployment: Deployment) => Promise<unknown>;
  /** All that turns red, and nothing else. */
  readonly red: readonly string[];
}

const AS_OPERATOR =
  "REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli --user operator --no-auth-warning";
const onServer = (command: string) => (deployment: Deployment) => deployment.onServer(command);

interface Rules {
  firewalls: { id: number; rules: object[] }[];
}

/** Adds a rule to the cloud firewall, or takes it away again, as somebody would in the console. */
const setRules = (change: (rules: object[]) => object[]) => async (deployment: Deployment) => {
  for (const { id, rules } of (await deployment.api<Rules>("/firewalls")).firewalls)
    await deployment.api(`/firewalls/${id}/actions/set_rules`, "POST", { rules: change(rules) });
};
const open = (port: string) =>
  setRules((rules) => [
    ...rules,
    { direction: "in", protocol: "tcp", port, source_ips: ["0.0.0.0/0", "::/0"], description: "debugging" },
  ]);
const close = (port: string) => setRules((rules) => rules.filter((rule) => !("port" in rule) || rule.port !== port));
const SECOND = "second";
/** Otherwise the twin's servers get no such address. */
const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));
const RELOAD_FIREWALL = "systemctl reload nftables || systemctl restart nftables";

/** Two connections to the queue's Redis: one to fetch jobs, one that waits for them. */
const WORKER_CONNECTED =
  "[ $(ss -Htnp state established 'dport = :6379' | grep -c pid=$(systemctl show -P MainPID queuehost-worker),) -ge 2 ]";

/** A command that waits until another one holds, for ten seconds at most. */
const until = (command: string) =>
  `for i in $(seq 100); do ! { ${command}; } || break; sleep 0.1; done; { ${command}; } || { echo "never: ${command}"; exit 1; }`;

export const FAULTS: readonly Fault[] = [
  {
    name: "Redis listens on all addresses",
    make: onServer(`${AS_OPERATOR} config set bind '* -::*'`),
    mend: onServer(`${AS_OPERATOR} config set bind 127.0.0.1`),
    red: [
      "hardening: no other port is open to the outside",
      "redis: the queue's Redis listens on 127.0.0.1:6379 alone",
    ],
  },
  {
    name: "the password is removed from Redis",
    make: onServer(`${AS_OPERATOR} acl setuser default nopass`),
    mend: onServer(`${AS_OPERATOR} acl load`),
    red: ["redis: the queue's Redis refuses who has no password"],
  },
  {
    name: "the worker is stopped",
    make: onServer("systemctl stop queuehost-worker"),
    mend: onServer(`systemctl start queuehost-worker; ${until(WORKER_CONNECTED)}`),
    red: [
      "app: a worker does a job",
      "app: queuehost-worker doesn't restart by itself",
      "app: queuehost-worker has no privileges",
      "app: queuehost-worker is active and starts at boot",
      "app: queuehost-worker runs the current release",
      "app: queuehost-worker runs the pinned Node",
      "app: the processes stayed the same meanwhile",
      "env: queuehost-worker has what .env says",
    ],
  },
  {
    name: "a rule is added to the cloud firewall",
    make: open("6379"),
    mend: close("6379"),
    red: ["outside: cloud firewall names 22, 80, 443 alone"],
  },
  {
    name: "a second cloud firewall is attached to the server",
    make: async (deployment) => {
      const { serverId } = await deployment.subject();
      const apply_to = [{ type: "server", server: { id: serverId } }];
      await deployment.api("/firewalls", "POST", { name: SECOND, rules: [], apply_to });
    },
    mend: async (deployment) => {
      const { serverId } = await deployment.subject();
      const { firewalls } = await deployment.api<Rules>(`/firewalls?name=${SECOND}`);
      for (const { id } of firewalls) {
        const remove_from = [{ type: "server", server: { id: serverId } }];
        await deployment.api(`/firewalls/${id}/actions/remove_from_resources`, "POST", { remove_from });
        await deployment.api(`/firewalls/${id}`, "DELETE");
      }
    },
    red: ["outside: cloud firewall is the server's only one"],
  },
  {
    name: "the server's own firewall lets a port in",
    make: onServer("nft insert rule inet queuehost input tcp dport 5432 accept"),
    mend: onServer(RELOAD_FIREWALL),
    red: ["hardening: the firewall names ports 22, 80 and 443 alone"],
  },
  {
    name: "something listens on port 8080, and both firewalls let it in",
    make: async (deployment) => {
      await deployment.onServer(
        `systemd-run -q -u stray python3 -m http.server 8080
         nft insert rule inet queuehost input tcp dport 8080 accept
         ${until("ss -Hltn 'sport = :8080' | grep -q .")}`,
      );
      await open("8080")(deployment);
    },
    mend: async (deployment) => {
      await close("8080")(deployment);
      await deployment.onServer(`systemctl stop stray; ${RELOAD_FIREWALL}`);
    },
    red: [
      "hardening: no other port is open to the outside",
      "hardening: the firewall names ports 22, 80 and 443 alone",
      "outside: cloud firewall names 22, 80, 443 alone",
      "outside: no other port answers",
    ],
  },
  {
    name: "Caddy is stopped",
    make: onServer("systemctl stop caddy"),
    mend: onServer("systemctl start caddy"),
    red: [
      "outside: health over the proxy",
      "outside: port 80 answers",
      ...(HAS_IPV6 ? ["outside: port 80 answers over IPv6"] : []),
      "proxy: answers carry the security headers",
      "proxy: answers name no software",
      "proxy: only the proxy can command the proxy",
      "proxy: requests are logged without their secrets",
      "proxy: the proxy answers with the expected release",
      "proxy: the proxy has no privileges",
      "proxy: the proxy is active and starts at boot",
      "proxy: the proxy listens on port 80 and nothing else",
      "proxy: the proxy passes requests to the application",
    ],
  },
  {
    name: ".env can be read by everyone",
    make: onServer("chmod 644 /srv/queuehost/shared/.env"),
    mend: onServer("chmod 640 /srv/queuehost/shared/.env"),
    red: ["env: .env is readable by root and the application alone", "env: no copy of .env is open to others"],
  },
  {
    name: "the backups are missing",
    make: onServer(
      "mv /var/backups/queuehost /var/backups/elsewhere && install -d -o backup -g backup -m 700 /var/backups/queuehost",
    ),
    mend: onServer("rm -rf /var/backups/queuehost && mv /var/backups/elsewhere /var/backups/queuehost"),
    // There is nothing else to look at then.
    red: ["backups: the newest backup is from the last run"],
  },
];
