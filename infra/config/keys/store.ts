import { key } from "../key";
import { kinds } from "../kinds";

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

/** The queue, and what it and the application keep. */
export const STORE_KEYS = {
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
} as const;
