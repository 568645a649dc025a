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
const opened = { direction: "in", protocol: "tcp", port: "6379", source_ips: ["0.0.0.0/0"], description: "debugging" };

export const FAULTS: readonly Fault[] = [
  {
    name: "Redis listens on all addresses",
    make: onServer(`${AS_OPERATOR} config set bind '* -::*'`),
    mend: onServer(`${AS_OPERATOR} config set bind 127.0.0.1`),
    red: ["hardening: listeners.public", "redis: redis.queue.listens"],
  },
  {
    name: "the password is removed from Redis",
    make: onServer(`${AS_OPERATOR} acl setuser default nopass`),
    mend: onServer(`${AS_OPERATOR} acl load`),
    red: ["redis: redis.queue.application", "redis: redis.queue.password"],
  },
  {
    name: "the worker is stopped",
    make: onServer("systemctl stop queuehost-worker"),
    mend: onServer("systemctl start queuehost-worker; sleep 2"),
    red: [
      "app: a worker does a job",
      "app: queuehost-worker has no privileges",
      "app: queuehost-worker is active and starts at boot",
      "app: queuehost-worker runs the current release",
      "app: queuehost-worker runs the pinned Node",
      "env: queuehost-worker has what .env says",
    ],
  },
  {
    name: "a rule is added to the cloud firewall",
    make: setRules((rules) => [...rules, opened]),
    mend: setRules((rules) => rules.filter((rule) => !("port" in rule) || rule.port !== "6379")),
    red: ["outside: cloud firewall names 22, 80, 443 alone"],
  },
  {
    name: "the server's own firewall lets a port in",
    make: onServer("nft insert rule inet queuehost input tcp dport 5432 accept"),
    mend: onServer("systemctl reload nftables || systemctl restart nftables"),
    red: ["hardening: firewall.ports"],
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
    red: [
      "backups: backups.checksum",
      "backups: backups.kept",
      "backups: backups.loads",
      "backups: backups.modes",
      "backups: backups.newest",
    ],
  },
];
