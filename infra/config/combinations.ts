import { databaseFault } from "../bundles/postgres";
import type { KeyName, Settings } from "./schema";

/** Values that are each valid by themselves; what is wrong with another key isn't among them. */
export type Combination = Partial<Pick<Settings, KeyName>> & Pick<Settings, "workers" | "processes">;

interface CombinationFault {
  readonly path: string;
  readonly reason: string;
  /** The key to set in order to mend it; without it the one at `path` is to be taken out. */
  readonly instead?: KeyName;
}

/** Ports above app.port that instances take: eight on each of two sides. */
const PORTS = 16;

/** Of the server's own services on localhost. */
const TAKEN = { 5432: "PostgreSQL", 6379: "the queue's Redis", 6380: "the cache's Redis" };

/** What doesn't go together. */
export function combinationFaults(values: Combination): CombinationFault[] {
  return [...database(values), ...ports(values), ...processes(values), ...proxy(values), ...backups(values)];
}

function database(values: Combination): CombinationFault[] {
  const reason = values["postgres.enabled"] ? databaseFault(values["app.name"] ?? "") : undefined;
  return reason === undefined ? [] : [{ path: "app.name", reason, instead: "app.name" }];
}

function ports({ "app.port": port }: Combination): CombinationFault[] {
  if (port === undefined) return [];
  const last = port + PORTS - 1;
  const taken = Object.entries(TAKEN).find(([number]) => Number(number) >= port && Number(number) <= last);
  const why = taken ? `${taken[0]} is that of ${taken[1]}` : last > 65_535 ? "there are none above 65535" : undefined;
  if (why === undefined) return [];
  const reason = `should leave ${PORTS} ports for instances, ${port} to ${last}; ${why}, got "${port}"`;
  return [{ path: "app.port", reason, instead: "app.port" }];
}

function processes({ workers, processes, "app.backend": backend }: Combination): CombinationFault[] {
  const there = [
    ...(backend === undefined ? [] : ["backend"]),
    ...Object.keys(workers).map((group) => (group === "" ? "worker" : `worker-${group}`)),
  ];
  return Object.entries(processes).flatMap(([process, settings]) => {
    const paths = Object.keys(settings).map((setting) => `process.${process}.${setting}`);
    if (there.includes(process)) return process === "backend" ? ofWorkers(paths) : [];
    const command =
      process === "backend" ? "app.backend" : process.replace(/^worker-?/, "app.worker.").replace(/\.$/, "");
    return paths.map((path) => ({ path, reason: `is for a process that isn't there: ${command} is not set` }));
  });
}

const ofWorkers = (paths: readonly string[]): CombinationFault[] =>
  paths
    .filter((path) => path.endsWith(".queues"))
    .map((path) => ({ path, reason: "is for groups of workers: the backend serves no queue" }));

function proxy(values: Combination): CombinationFault[] {
  const { domain, "domain.zone": zone } = values;
  const faults: CombinationFault[] = [];
  if (values["app.spa"] && values["app.static"] === undefined)
    faults.push({ path: "app.spa", reason: "is for the files of app.static, which is not set", instead: "app.static" });
  for (const path of ["domain.email", "domain.zone"] as const)
    if (values[path] !== undefined && domain === undefined)
      faults.push({ path, reason: "is for a domain, which is not set", instead: "domain" });
  const outside = zone === undefined ? undefined : domain?.find((name) => name !== zone && !name.endsWith(`.${zone}`));
  if (outside !== undefined)
    faults.push({ path: "domain.zone", reason: `should be the zone of every domain; ${outside} isn't in ${zone}` });
  return faults;
}

function backups(values: Combination): CombinationFault[] {
  const { "backups.to": to } = values;
  const s3 = ["backups.s3.accessKeyId", "backups.s3.secretAccessKey"] as const;
  if (to === undefined)
    return (["backups.password", ...s3, "backups.appendOnly"] as const)
      .filter((path) => values[path] !== undefined)
      .map((path) => ({ path, reason: "is for backups off the server: backups.to is not set", instead: "backups.to" }));
  const isS3 = to.startsWith("s3:");
  const needed = ["backups.password" as const, ...(isS3 ? s3 : [])].filter((path) => values[path] === undefined);
  const odd = isS3 ? [] : s3.filter((path) => values[path] !== undefined);
  return [
    ...needed.map((path) => ({ path, reason: `is not set, and backups.to is ${to}`, instead: path })),
    ...odd.map((path) => ({ path, reason: `is for an S3 bucket; backups.to is ${to}` })),
  ];
}
