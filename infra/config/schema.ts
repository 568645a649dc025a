import type { z } from "zod";
import { kinds } from "./kinds";

/** One configuration key of a stack, in the namespace `queuehost`. */
export interface Key<T extends z.ZodType = z.ZodType> {
  readonly kind: T;
  /** As it is written in Pulumi.yaml; a key without one, which isn't `optional`, must be set. */
  readonly default?: string;
  readonly optional?: true;
  /** Must be set with `--secret`. */
  readonly secret?: true;
  /** A valid value, for the line that mends a fault; of a secret, a command that makes one: none belongs in argv. */
  readonly example: string;
  readonly description: string;
}

const key = <T extends z.ZodType>(key: Key<T>) => key;

/** Redis' eviction policies. */
const policies = kinds.choice(
  "noeviction",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
);

/** Every key once: loading, Pulumi.yaml and the reference in README are made from this table. */
export const KEYS = {
  "server.name": key({
    kind: kinds.hostName,
    optional: true,
    example: "queuehost-production",
    description: "Name of the server, its firewall and its key at Hetzner; queuehost-<stack> where it isn't set",
  }),
  "server.type": key({
    kind: kinds.serverTypes,
    default: "cx23",
    example: "cx23",
    description:
      "Hetzner server types in order of preference, separated by commas: the first to be had is taken and kept; cx23 is 2 shared vCPU, 4 GB",
  }),
  "server.location": key({
    kind: kinds.locations,
    default: "nbg1, fsn1, hel1",
    example: "nbg1, fsn1, hel1",
    description:
      "Hetzner locations in order of preference, separated by commas: the first that has the type is taken and kept",
  }),
  "server.protect": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Whether Pulumi and Hetzner refuse to delete the server",
  }),
  "server.image": key({
    kind: kinds.choice("debian-13"),
    default: "debian-13",
    example: "debian-13",
    description: "System image; what host/ does was made for Debian 13",
  }),
  "ssh.allowedFrom": key({
    kind: kinds.cidrs,
    example: "203.0.113.7/32",
    description: "Address ranges that reach port 22, separated by commas",
  }),
  "ssh.authorizedKeys": key({
    kind: kinds.publicKeys,
    optional: true,
    example: "ssh-ed25519 AAAA... anna@laptop",
    description:
      "Public keys of the people who log in as deploy, separated by commas; the deployment's own key is always there",
  }),
  "app.name": key({
    kind: kinds.appName,
    default: "queuehost",
    example: "intranet",
    description: "Name of the application: units <name>-backend and <name>-worker, folder /srv/<name>",
  }),
  "app.path": key({
    kind: kinds.path,
    optional: true,
    example: "../intranet",
    description:
      "Folder of the application, relative to the project's; a clone of this repository may do without it: the reference application, for which the commands below needn't be set",
  }),
  "app.build": key({
    kind: kinds.command,
    optional: true,
    example: "npm run build",
    description:
      "Command that builds it on the operator's machine, or none; otherwise its script build, where there is one",
  }),
  "app.output": key({
    kind: kinds.folder,
    optional: true,
    example: "dist",
    description:
      "Folder that the build writes and that needs nothing else, such as bundles; without it, all files travel with their production dependencies",
  }),
  "app.backend": key({
    kind: kinds.command,
    optional: true,
    example: "node dist/server.js",
    description: "Command of the backend, which listens on PORT; without it there is none",
  }),
  "app.worker": key({
    kind: kinds.command,
    optional: true,
    example: "node dist/worker.js",
    description: "Command of the workers; further groups are app.worker.<group>",
  }),
  "app.migrate": key({
    kind: kinds.command,
    optional: true,
    example: "npm run migrate",
    description: "Command that runs once on the server before a new release takes over",
  }),
  "app.smokeTest": key({
    kind: kinds.command,
    optional: true,
    example: "node smoke.js",
    description:
      "Command with which the verification proves on the server that the application works: exit code 0 within 30 s",
  }),
  "app.health": key({
    kind: kinds.urlPath,
    default: "/health",
    example: "/health",
    description: "Path at which the backend answers 200 to 399 once it serves",
  }),
  "app.port": key({
    kind: kinds.integer(1024, 65_535),
    default: "3000",
    example: "3000",
    description: "PORT: where the backend listens on the server; the proxy is what listens outside",
  }),
  "app.node": key({
    kind: kinds.choice("22", "24"),
    default: "24",
    example: "24",
    description: "Major version of Node that builds and runs it",
  }),
  "app.packages": key({
    kind: kinds.debianPackages,
    optional: true,
    example: "ghostscript",
    description: "Debian packages that it needs, separated by commas",
  }),
  "app.folders": key({
    kind: kinds.folders,
    optional: true,
    example: "uploads, exports",
    description: "Its folders that outlive a release, separated by commas",
  }),
  "app.static": key({
    kind: kinds.folder,
    optional: true,
    example: "public",
    description: "Its folder of files that the proxy serves itself; what isn't there goes to the backend",
  }),
  "queue.enabled": key({
    kind: kinds.flag,
    default: "true",
    example: "true",
    description: "QUEUE_ENABLED: false makes the application do its work synchronously",
  }),
  "queue.concurrency": key({
    kind: kinds.integer(1, 1000),
    default: "5",
    example: "5",
    description: "QUEUE_CONCURRENCY: jobs that a worker runs at a time",
  }),
  "queue.prefix": key({
    kind: kinds.pattern(/^[A-Za-z0-9_-]{1,40}$/, "a prefix such as planning-bord"),
    default: "queuehost",
    example: "planning-bord",
    description: "QUEUE_PREFIX: what the keys of the application begin with; its Redis user can reach no others",
  }),
  "redis.password": key({
    kind: kinds.password,
    secret: true,
    example: "openssl rand -hex 24",
    description: "REDIS_PASSWORD of the application",
  }),
  "redis.keyPatterns": key({
    kind: kinds.keyPatterns,
    optional: true,
    example: "session:*",
    description:
      "Patterns of keys that it reaches in the queue's Redis beside <queue.prefix>:*, separated by commas; * is all",
  }),
  "redis.db": key({ kind: kinds.integer(0, 15), default: "0", example: "0", description: "REDIS_DB" }),
  "redis.maxmemory": key({
    kind: kinds.size,
    default: "256mb",
    example: "512mb",
    description: "Memory limit of the queue's Redis",
  }),
  "redis.maxmemoryPolicy": key({
    kind: policies,
    default: "noeviction",
    example: "noeviction",
    description: "Eviction policy of the queue's Redis; any other than noeviction can lose jobs",
  }),
  "redis.appendfsync": key({
    kind: kinds.choice("always", "everysec", "no"),
    default: "always",
    example: "always",
    description: "When the queue's append-only file reaches the disk; always loses no acknowledged job",
  }),
  "redis.save": key({
    kind: kinds.savePoints,
    default: "900 1 300 10 60 10000",
    example: "900 1 300 10 60 10000",
    description: "Snapshots of the queue's Redis: pairs of seconds and changes",
  }),
  "cache.maxmemory": key({
    kind: kinds.size,
    default: "128mb",
    example: "128mb",
    description: "Memory limit of the cache's Redis",
  }),
  "cache.maxmemoryPolicy": key({
    kind: policies,
    default: "allkeys-lru",
    example: "allkeys-lru",
    description: "Eviction policy of the cache's Redis",
  }),
  "postgres.enabled": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Whether the server has a PostgreSQL with a database of the application's, in DATABASE_URL",
  }),
  "backups.schedule": key({
    kind: kinds.calendar,
    default: "hourly",
    example: "*-*-* 03:15:00",
    description: "When dump.rdb is backed up: a systemd calendar expression, in UTC",
  }),
  "backups.keep": key({
    kind: kinds.integer(1, 10_000),
    default: "48",
    example: "48",
    description: "Backups that are kept on the server",
  }),
} as const satisfies Record<string, Key>;

export type KeyName = keyof typeof KEYS;

/** Keys that are made up of a prefix and a name of the team's own. */
export const FAMILIES = {
  "env.": key({
    kind: kinds.pattern(/^[\s\S]*$/, "text"),
    example: "env.API_KEY",
    description: "A variable of the application's `.env`",
  }),
  "ssh.key.": key({
    kind: kinds.publicKey,
    example: "ssh-ed25519 AAAA... anna@laptop",
    description: "Public key of one more person who logs in as deploy: ssh.key.<person>",
  }),
  "app.worker.": key({
    kind: kinds.command,
    example: "node dist/mail-worker.js",
    description: "Command of one more group of workers, unit <name>-worker-<group>: app.worker.<group>",
  }),
} as const satisfies Record<string, Key>;

/** What the reference application needs, where `app.path` isn't set in a clone of this repository; no package has it. */
export const REFERENCE = {
  "app.path": "app",
  "app.output": "dist",
  "app.backend": "node backend/main.cjs",
  "app.worker": "node worker/main.cjs",
  "app.smokeTest": "node smoke/main.cjs",
} as const satisfies Partial<Record<KeyName, string>>;

type Value<K extends Key> = K extends { optional: true } ? z.output<K["kind"]> | undefined : z.output<K["kind"]>;

/** A stack's configuration, read and checked. */
export type Settings = { readonly [N in KeyName]: Value<(typeof KEYS)[N]> } & {
  /** Name of the stack. */
  readonly stack: string;
  /** Name of its project, in Pulumi.yaml. */
  readonly project: string;
  readonly "server.name": string;
  readonly "app.path": string;
  /** Commands of the workers by group; the group of `app.worker` has no name. */
  readonly workers: Readonly<Record<string, string>>;
  /** The keys `env.<NAME>`: what the team adds to the application's `.env`. */
  readonly env: Readonly<Record<string, string>>;
};
