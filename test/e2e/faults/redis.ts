import { byCommand, type Fault } from "./fault";

/** Redis' command line, as the operator. */
const cli = (port: number) =>
  `REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli -e --user operator --no-auth-warning -p ${port}`;
const inRedis = (port: number, make: string, mend: string) => byCommand(`${cli(port)} ${make}`, `${cli(port)} ${mend}`);

interface Instance {
  readonly name: "queue" | "cache";
  readonly port: number;
  /** What the verification expects, as arguments of CONFIG SET. */
  readonly memory: string;
  readonly policy: string;
  readonly save: string;
  /** What the application may not, and is given. */
  readonly right: string;
}

const faultsOf = ({ name, port, memory, policy, save, right }: Instance): Fault[] => {
  const its = `redis: the ${name}'s Redis`;
  const unit = `redis-server@${name}`;
  return [
    {
      name: `the ${name}'s Redis doesn't start at boot`,
      ...byCommand(`systemctl disable -q ${unit}`, `systemctl enable -q ${unit}`),
      red: [`${its} is active and starts at boot`],
    },
    {
      name: `the ${name}'s Redis listens on all addresses`,
      ...inRedis(port, "config set bind '* -::*'", "config set bind 127.0.0.1"),
      red: ["hardening: no other port is open to the outside", `${its} listens on 127.0.0.1:${port} alone`],
    },
    {
      name: `the ${name}'s Redis asks for no password`,
      ...inRedis(port, "acl setuser default nopass", "acl load"),
      red: [`${its} refuses who has no password`],
    },
    {
      name: `the ${name}'s Redis has other memory`,
      ...inRedis(port, "config set maxmemory 99mb", `config set maxmemory ${memory}`),
      red: [`${its} has the configured memory`],
    },
    {
      name: `the ${name}'s Redis evicts otherwise`,
      ...inRedis(port, "config set maxmemory-policy volatile-ttl", `config set maxmemory-policy ${policy}`),
      red: [`${its} evicts as configured`],
    },
    {
      name: `the ${name}'s Redis saves at other times`,
      ...inRedis(port, "config set save '12345 1'", `config set save ${save}`),
      red: [`${its} persists as configured`],
    },
    {
      name: `the ${name}'s Redis knows one more user`,
      ...inRedis(port, "acl setuser stray on nopass ~* +get", "acl load"),
      red: [`${its} knows the expected users alone`],
    },
    {
      name: `the application may do more in the ${name}'s Redis`,
      ...inRedis(port, `acl setuser default ${right}`, "acl load"),
      red: [`${its} lets the application at its keys alone`],
    },
  ];
};

export const REDIS_FAULTS: readonly Fault[] = [
  ...faultsOf({
    name: "queue",
    port: 6379,
    memory: "$EXPECT_QUEUE_MAXMEMORY",
    policy: "$EXPECT_QUEUE_POLICY",
    save: '"$EXPECT_QUEUE_SAVE"',
    right: "'~secret:*'",
  }),
  ...faultsOf({
    name: "cache",
    port: 6380,
    memory: "$EXPECT_CACHE_MAXMEMORY",
    policy: "$EXPECT_CACHE_POLICY",
    save: '""',
    right: "+config",
  }),
  {
    name: "the queue's Redis couldn't write its last snapshot",
    // Otherwise it would take no job until it can.
    ...byCommand(
      `${cli(6379)} config set stop-writes-on-bgsave-error no
       mkdir /var/lib/redis/queue/temp; chown root: /var/lib/redis/queue; ${cli(6379)} bgsave
       until_it '${cli(6379)} info persistence | grep -q rdb_last_bgsave_status:err'`,
      `rmdir /var/lib/redis/queue/temp; chown redis: /var/lib/redis/queue; ${cli(6379)} bgsave
       until_it '${cli(6379)} info persistence | grep -q rdb_last_bgsave_status:ok'
       ${cli(6379)} config set stop-writes-on-bgsave-error yes`,
    ),
    red: ["redis: the queue's Redis could write its data"],
  },
  {
    name: "Debian's own Redis runs",
    ...byCommand(
      `systemctl unmask -q redis-server
       printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/etc/systemd/system/redis-server.service
       systemctl daemon-reload; systemctl start redis-server`,
      "systemctl stop redis-server; rm /etc/systemd/system/redis-server.service; systemctl mask -q redis-server",
    ),
    red: ["redis: Debian's own Redis is off"],
  },
  {
    name: "everyone can read Redis' users",
    ...byCommand("chmod 644 /etc/redis/queue.acl", "chmod 640 /etc/redis/queue.acl"),
    red: ["redis: the configuration is for root and Redis alone"],
  },
  {
    name: "everyone can read a password of Redis",
    ...byCommand(
      "chmod 644 /etc/queuehost/credentials/redis-monitor",
      "chmod 600 /etc/queuehost/credentials/redis-monitor",
    ),
    red: ["redis: the passwords are for root alone"],
  },
];
