import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertAppName } from "./names";

/** Debian's PostgreSQL on a socket of the server. */
export interface PostgresSettings {
  /** false: it isn't installed; where it was, it is stopped, and its data stays. */
  readonly enabled: boolean;
  /** Name of the application; its database has the same, with `_` for `-`. */
  readonly name: string;
}

/** Where the server listens, and nowhere else. */
const SOCKETS = "/run/postgresql";

/** Databases of PostgreSQL's own. */
const TAKEN = ["postgres", "template0", "template1"];

/** Why an application of this name can't have a database; undefined when it can. */
export function databaseFault(name: string): string | undefined {
  return TAKEN.includes(name)
    ? `should be none of PostgreSQL's own databases (${TAKEN.join(", ")}), got "${name}"`
    : undefined;
}

/** The database of an application: `planning-bord` has `planning_bord`. Throws for a name that PostgreSQL keeps for itself. */
export function databaseOf(name: string): string {
  assertAppName(name);
  const fault = databaseFault(name);
  if (fault !== undefined) throw new Error(`app.name: ${fault}`);
  return name.replaceAll("-", "_");
}

/** DATABASE_URL for libpq, pg, Prisma and the like: the socket's folder goes last, since a URL's host can't be one. */
export function databaseUrl(name: string): string {
  return `postgresql://app@localhost/${databaseOf(name)}?host=${SOCKETS}`;
}

/**
 * The server, the role `app`, which the Unix user of that name is let in as, and its database. An application that got another
 * name gets another database; the one before is kept.
 */
export function postgresBundle({ enabled, name }: PostgresSettings): Bundle {
  return bundle(
    "postgres",
    hostFiles("postgres", { enabled: enabled ? "yes" : "", database: enabled ? databaseOf(name) : "" }),
  );
}
