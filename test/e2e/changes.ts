import { FAMILIES, KEYS } from "../../infra/config/schema";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFdvcmtlZEV4YW1wbGVLZXlPZk5vYm9keUF0QWxsMTEx anna@laptop";

/** For every key of the configuration another value than the one it has in a rehearsal. None may replace the server. */
export const CHANGES = {
  "server.name": "renamed",
  "server.type": "cx33",
  "server.location": "hel1",
  "server.protect": "true",
  // The only image there is.
  "server.image": "debian-13",
  "ssh.allowedFrom": "203.0.113.0/24, 198.19.0.0/16",
  "ssh.authorizedKeys": KEY,
  "app.name": "intranet",
  "app.path": "app",
  "app.build": "node build.cjs",
  "app.output": "dist",
  "app.backend": "node --enable-source-maps backend/main.cjs",
  "app.worker": "node --enable-source-maps worker/main.cjs",
  "app.migrate": "node --version",
  "app.smokeTest": "node --version",
  "app.health": "/",
  "app.port": "3100",
  "app.node": "22",
  "app.packages": "ghostscript",
  "app.folders": "uploads",
  "app.static": "public",
  "queue.enabled": "false",
  "queue.concurrency": "7",
  "queue.prefix": "other",
  "redis.password": "another-password-of-32-characters",
  "redis.keyPatterns": "session:*",
  "redis.db": "1",
  "redis.maxmemory": "200mb",
  "redis.maxmemoryPolicy": "volatile-lru",
  "redis.appendfsync": "everysec",
  "redis.save": "off",
  "cache.maxmemory": "64mb",
  "cache.maxmemoryPolicy": "allkeys-lfu",
  "postgres.enabled": "true",
  "backups.schedule": "daily",
  "backups.keep": "7",
  "env.MOTTO": "calm",
  "ssh.key.anna": KEY,
  "app.worker.mail": "node worker/main.cjs",
} as const satisfies Record<keyof typeof KEYS, string> & Record<string, string>;

/** Keys and families of which no change is named here. */
export const unchanged = () => [
  ...Object.keys(KEYS).filter((key) => !(key in CHANGES)),
  ...Object.keys(FAMILIES).filter((family) => !Object.keys(CHANGES).some((key) => key.startsWith(family))),
];

/** A key of each concern, and all that an `up` changes for it, whatever the application. */
export const CONCERNS: readonly {
  readonly key: string;
  readonly value: string;
  readonly touches: readonly string[];
}[] = [
  { key: "ssh.allowedFrom", value: "0.0.0.0/0", touches: ["network", "host"] },
  { key: "redis.keyPatterns", value: "session:*", touches: ["redis"] },
  { key: "queue.prefix", value: "other", touches: ["redis", "release-env"] },
  { key: "env.MOTTO", value: "calm", touches: ["release-env"] },
  { key: "app.port", value: "3100", touches: ["release-env", "release", "proxy"] },
  { key: "app.worker.mail", value: "sleep infinity", touches: ["release"] },
  { key: "app.packages", value: "ghostscript", touches: ["release"] },
  { key: "backups.keep", value: "7", touches: ["backups"] },
];
