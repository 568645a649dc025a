import { FAMILIES, KEYS, PROCESS_KEYS } from "../../infra/config/schema";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFdvcmtlZEV4YW1wbGVLZXlPZk5vYm9keUF0QWxsMTEx anna@laptop";

/** Keys that need something which the rest of the changes would not stand: a release on the server, a zone at Hetzner, a Storage Box or
 * a bucket, a rehearsal. */
const ELSEWHERE = [
  "app.release",
  "domain.zone",
  "backups.s3.accessKeyId",
  "backups.s3.secretAccessKey",
  "storageBox.type",
  "storageBox.location",
  "storageBox.hostKey",
  "requireRehearsal",
] as const;

/** For every key of the configuration another value than the one it has in a rehearsal. None may replace the server. */
export const CHANGES = {
  "server.name": "renamed",
  "server.type": "cx33",
  "server.location": "hel1",
  "server.protect": "true",
  "server.keepAddress": "true",
  "server.backups": "true",
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
  "app.spa": "true",
  "app.keepReleases": "3",
  "app.maxArtefact": "400mb",
  processManager: "pm2",
  domain: "app.example.org",
  "domain.email": "ops@example.org",
  "domain.certificates": "internal",
  "proxy.maxBody": "30mb",
  "watch.seconds": "60",
  "watch.failures": "5",
  "watch.wait": "10",
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
  "backups.keepDaily": "14",
  "backups.to": "/mnt/backups",
  "backups.password": "a-password-of-32-characters-here",
  "backups.appendOnly": "true",
  "backups.bandwidth": "5000",
  "backups.check": "monthly",
  "backups.checkData": "50",
  "env.MOTTO": "calm",
  "ssh.key.anna": KEY,
  "app.worker.mail": "node worker/main.cjs",
  "process.worker-mail.instances": "2",
  "process.worker-mail.concurrency": "3",
  "process.worker-mail.queues": "default, low",
  "process.worker-mail.memory": "300mb",
  "process.worker-mail.cpuWeight": "50",
  "process.worker-mail.stopTimeout": "60",
} as const satisfies Record<Exclude<keyof typeof KEYS, (typeof ELSEWHERE)[number]>, string> & Record<string, string>;

/** Keys and families of which no change is named here. */
export const unchanged = () => [
  ...Object.keys(KEYS).filter((key) => !(key in CHANGES) && !ELSEWHERE.some((other) => other === key)),
  ...Object.keys(PROCESS_KEYS).filter((setting) => !(`process.worker-mail.${setting}` in CHANGES)),
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
  { key: "queue.prefix", value: "other", touches: ["redis", "release-env", "release"] },
  { key: "env.MOTTO", value: "calm", touches: ["release-env"] },
  { key: "app.port", value: "3100", touches: ["release-env", "release", "proxy"] },
  { key: "app.worker.mail", value: "sleep infinity", touches: ["release"] },
  { key: "app.packages", value: "ghostscript", touches: ["release"] },
  { key: "backups.keep", value: "7", touches: ["backups"] },
];
