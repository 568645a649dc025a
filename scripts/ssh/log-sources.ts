import { readFileSync } from "node:fs";
import { join } from "node:path";
import leven from "leven";
import { UserError } from "../lib/errors";
import { quote } from "../verification/script";

/** What of the server's logs is wanted. */
export interface LogQuery {
  /** The application's name. */
  readonly app: string;
  /** Its processes: backend, worker, worker-mail. */
  readonly processes: readonly string[];
  /** Names of processes and services; none for all of the application. */
  readonly names: readonly string[];
  /** How many of the last lines; all since `since` where it isn't said. */
  readonly lines?: number;
  /** Seconds since 1970. */
  readonly since?: number;
  /** Perl's regular expressions; without a capital it matches both cases. */
  readonly grep?: string;
  readonly follow: boolean;
}

/** Services beside the application, by the names that people use. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  caddy: ["caddy.service"],
  redis: ["redis-server@queue.service", "redis-server@cache.service"],
  postgres: ["postgresql@*.service"],
  backup: ["queuehost-backup.service"],
  ssh: ["ssh.service"],
};

/** What runs once in a while for the application. */
const TASKS = ["migrate", "smoke-test", "watch"];

/**
 * The units of systemd that some names stand for, as journalctl takes them.
 *
 * @throws UserError for a name that is nothing's
 */
export function unitsOf({ app, processes, names }: Pick<LogQuery, "app" | "processes" | "names">): string[] {
  const of = (name: string) => {
    if (processes.includes(name)) return [`${app}-${name}.service`, `${app}-${name}@*.service`];
    if (TASKS.includes(name)) return [`${app}-${name}.service`];
    return SERVICES[name];
  };
  if (names.length === 0) return [...processes, ...TASKS].flatMap((name) => of(name) ?? []);
  const known = [...processes, ...TASKS, ...Object.keys(SERVICES)];
  return names.flatMap((name) => {
    const units = of(name);
    if (units) return units;
    const [closest = ""] = [...known].sort((one, other) => leven(name, one) - leven(name, other));
    throw new UserError(`There is nothing that is called ${name}; ${closest}? Known are: ${known.join(", ")}`);
  });
}

/** The command that prints them on the server; `logs.sh`, which it runs, goes over stdin. */
export function logCommand(query: LogQuery): string {
  const { app, names, processes, lines, since, grep, follow } = query;
  const wanted = names.length === 0 ? processes : names.filter((name) => processes.includes(name));
  const words = [
    app,
    lines ?? "",
    since ?? "",
    grep ?? "",
    follow ? "yes" : "",
    unitsOf(query).join(" "),
    wanted.join(" "),
  ];
  return `sudo -n bash -s -- ${words.map((word) => quote(String(word))).join(" ")}`;
}

export const logScript = (): string => readFileSync(join(__dirname, "logs.sh"), "utf8");
