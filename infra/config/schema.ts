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
    kind: kinds.pattern(/^[a-z]{2,4}\d{2}$/, "a Hetzner server type such as cx23"),
    default: "cx23",
    example: "cx23",
    description: "Hetzner server type; cx23 is 2 shared vCPU, 4 GB",
  }),
  "server.location": key({
    kind: kinds.pattern(/^[a-z]{3}\d?$/, "a Hetzner location such as nbg1"),
    default: "nbg1",
    example: "nbg1",
    description: "Hetzner location",
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

type Value<K extends Key> = K extends { optional: true } ? z.output<K["kind"]> | undefined : z.output<K["kind"]>;

/** A stack's configuration, read and checked. */
export type Settings = { readonly [N in KeyName]: Value<(typeof KEYS)[N]> } & {
  /** Name of the stack. */
  readonly stack: string;
  readonly "server.name": string;
  /** The keys `env.<NAME>`: what the team adds to the application's `.env`. */
  readonly env: Readonly<Record<string, string>>;
};
