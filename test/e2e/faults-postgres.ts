import type { Deployment } from "../support/deployment";

/** As the faults of faults.ts, but they need no more than a server on which PostgreSQL is set up. */
export interface ServerFault {
  readonly name: string;
  readonly make: (server: Pick<Deployment, "onServer">) => Promise<unknown>;
  readonly mend: (server: Pick<Deployment, "onServer">) => Promise<unknown>;
  /** All that turns red, and nothing else. */
  readonly red: readonly string[];
}

const onServer = (command: string) => (server: Pick<Deployment, "onServer">) => server.onServer(command);

const UNIT = "postgresql@17-main";
const CONF = "/etc/postgresql/17/main";
const DATA = "/var/lib/postgresql/17/main";
const FAULT = `/etc/systemd/system/${UNIT}.service.d/zz-fault.conf`;
const psql = (statements: string, database = "postgres") =>
  `psql -h /run/postgresql -U postgres -d ${database} -XqAt -v ON_ERROR_STOP=1 -c "${statements}"`;

/** Makes PostgreSQL read its files again, and waits until new connections have what it read. */
const RELOAD = `since=$(${psql("select clock_timestamp()")}); systemctl reload ${UNIT}
  for i in $(seq 50); do [ "$(${psql("select pg_conf_load_time() >= '$since'")})" != t ] || break; sleep 0.1; done`;
/** Changes a file as somebody would by hand; the old one lies beside it until `restored`. */
const edited = (expression: string, file = "postgresql.conf") =>
  `cp -a ${CONF}/${file} ${CONF}/${file}.before && sed -i "${expression}" ${CONF}/${file}; ${RELOAD}`;
const restored = (file = "postgresql.conf") => `mv ${CONF}/${file}.before ${CONF}/${file}; ${RELOAD}`;

const dropIn = (lines: string) => `printf '[Service]\\n${lines}\\n' >${FAULT} && systemctl daemon-reload`;
const dropOut = `rm ${FAULT} && systemctl daemon-reload`;

/**
 * For a stack with `postgres.enabled`.
 *
 * @param database the application's
 */
export const postgresFaults = (database: string): readonly ServerFault[] => [
  {
    name: "PostgreSQL is stopped",
    make: onServer(`systemctl stop ${UNIT}`),
    mend: onServer(`systemctl start ${UNIT}`),
    red: ["postgres: PostgreSQL is active and starts at boot"],
  },
  {
    name: "PostgreSQL doesn't start at boot",
    make: onServer(`systemctl disable -q ${UNIT}`),
    mend: onServer(`systemctl enable -q ${UNIT}`),
    red: ["postgres: PostgreSQL is active and starts at boot"],
  },
  {
    name: "PostgreSQL listens on a port",
    make: onServer(
      `${dropIn(
        `PrivateNetwork=no\\nRestrictAddressFamilies=AF_INET\\nExecStart=\\nExecStart=/usr/lib/postgresql/17/bin/postgres -c config_file=${CONF}/postgresql.conf -c listen_addresses=127.0.0.1`,
      )} && systemctl restart ${UNIT}`,
    ),
    mend: onServer(`${dropOut} && systemctl restart ${UNIT}`),
    red: ["postgres: PostgreSQL listens on its socket alone", "postgres: PostgreSQL runs with what its file says"],
  },
  {
    name: "PostgreSQL's unit has no sandbox",
    make: onServer(
      dropIn("PrivateDevices=no\\nProtectSystem=no\\nPrivateNetwork=no\\nProtectHome=no\\nIPAddressDeny="),
    ),
    mend: onServer(dropOut),
    red: ["postgres: PostgreSQL is sandboxed"],
  },
  {
    name: "PostgreSQL has a capability",
    make: onServer(
      `${dropIn("CapabilityBoundingSet=CAP_SYS_PTRACE\\nAmbientCapabilities=CAP_SYS_PTRACE")} && systemctl restart ${UNIT}`,
    ),
    mend: onServer(`${dropOut} && systemctl restart ${UNIT}`),
    red: ["postgres: PostgreSQL has no privileges"],
  },
  {
    name: "a setting waits for a restart",
    make: onServer(edited("s/^max_connections = .*/max_connections = 90/")),
    mend: onServer(restored()),
    red: ["postgres: PostgreSQL runs with what its file says"],
  },
  {
    name: "commits needn't reach the disk",
    make: onServer(edited("s/^fsync = .*/fsync = off/")),
    mend: onServer(restored()),
    red: ["postgres: PostgreSQL writes what is committed to the disk"],
  },
  {
    name: "a page of the data is damaged",
    make: onServer(
      `${psql("create table damaged as select generate_series(1, 100) n", database)}
       file=${DATA}/$(${psql("select pg_relation_filepath('damaged')", database)})
       systemctl stop ${UNIT} && printf damage | dd of="$file" bs=1 seek=4000 conv=notrunc status=none && systemctl start ${UNIT}
       ! ${psql("select sum(n) from damaged", database)} 2>/dev/null`,
    ),
    mend: onServer(psql("drop table damaged; select pg_stat_reset()", database)),
    red: ["postgres: PostgreSQL checks its data, and it is whole"],
  },
  {
    name: "everybody is let in as anybody",
    make: onServer(edited("1 i local all all trust", "pg_hba.conf")),
    mend: onServer(restored("pg_hba.conf")),
    red: ["postgres: PostgreSQL lets in by Unix user alone", "postgres: another user is refused"],
  },
  {
    name: "deploy is let in as the superuser",
    make: onServer(edited("$ a superuser deploy postgres", "pg_ident.conf")),
    mend: onServer(restored("pg_ident.conf")),
    red: ["postgres: only root, postgres and backup are its superuser"],
  },
  {
    name: "there is a second superuser",
    make: onServer(psql("create role second superuser")),
    mend: onServer(psql("drop role second")),
    red: ["postgres: only root, postgres and backup are its superuser"],
  },
  {
    name: "the application's role may make databases",
    make: onServer(psql("alter role app createdb")),
    mend: onServer(psql("alter role app nocreatedb")),
    red: ["postgres: the application's role has no rights beyond its database, and the operator's reads and writes"],
  },
  {
    name: "every role may connect to the database",
    make: onServer(psql(`grant connect on database ${database} to public`)),
    mend: onServer(psql(`revoke all on database ${database} from public`)),
    red: ["postgres: the database is the application's own"],
  },
  {
    name: "the application can't write",
    make: onServer(psql("alter role app set default_transaction_read_only = on")),
    mend: onServer(psql("alter role app reset default_transaction_read_only")),
    red: ["postgres: the application connects and writes"],
  },
  {
    name: "everyone can read the access rules",
    make: onServer(`chmod 644 ${CONF}/pg_hba.conf`),
    mend: onServer(`chmod 640 ${CONF}/pg_hba.conf`),
    red: ["postgres: the access rules are for root and PostgreSQL alone"],
  },
  {
    name: "a group can read the data",
    make: onServer(`chmod 750 ${DATA}`),
    mend: onServer(`chmod 700 ${DATA}`),
    red: ["postgres: the data is for PostgreSQL alone"],
  },
];

/** For a stack without. */
export const POSTGRES_OFF_FAULTS: readonly ServerFault[] = [
  {
    name: "something listens where PostgreSQL would",
    make: onServer(
      `systemd-run -q -u stray python3 -m http.server -b 127.0.0.1 5432
       for i in $(seq 50); do ss -Hltn 'sport = :5432' | grep -q . && break; sleep 0.1; done`,
    ),
    mend: onServer("systemctl stop stray"),
    red: ["postgres: PostgreSQL is off"],
  },
];
