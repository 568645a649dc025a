import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { isAppendOnly } from "./bundles/backups";
import type { Network } from "./components/network";
import type { Prepared } from "./components/release";
import type { Server } from "./components/server";
import type { StorageBox } from "./components/storage-box";
import type { Settings } from "./config/schema";
import { OPERATOR } from "./remote/connection";

interface Parts {
  readonly settings: Settings;
  readonly network: Network;
  readonly server: Server;
  readonly prepared: Prepared;
  readonly url: pulumi.Output<string>;
  /** Where backups go to one. */
  readonly box?: StorageBox | undefined;
}

/**
 * The output by which `npm run verify` finds the server and knows what should be seen there. A secret as a whole, because the
 * deployment's key is in it.
 */
export function verification({ settings, network, server, prepared, url, box }: Parts) {
  const { built, runtime, processes } = prepared;
  const expected = {
    APP_NAME: settings["app.name"],
    APP_PORT: String(settings["app.port"]),
    APP_HEALTH: settings["app.health"],
    APP_FOLDER: built.folder,
    APP_PROCESSES: processes.map(({ name }) => name).join(" "),
    APP_INSTANCES: processes.map(({ name, instances }) => `${name}=${instances}`).join(" "),
    APP_MANAGER: settings.processManager,
    APP_FOLDERS: (settings["app.folders"] ?? []).join(" "),
    APP_STATIC: settings["app.static"] ?? "",
    APP_DOMAINS: (settings.domain ?? []).join(" "),
    APP_CERTIFICATES: settings["domain.certificates"],
    EXPECT_MAX_BODY: settings["proxy.maxBody"],
    APP_SMOKE_TEST: built.commands.smokeTest === undefined ? "" : "yes",
    EXPECT_RELEASE: prepared.releaseId,
    EXPECT_NODE_VERSION: runtime.version,
    EXPECT_POSTGRES: settings["postgres.enabled"] ? "yes" : "",
    EXPECT_QUEUE_MAXMEMORY: settings["redis.maxmemory"],
    EXPECT_QUEUE_POLICY: settings["redis.maxmemoryPolicy"],
    EXPECT_QUEUE_APPENDFSYNC: settings["redis.appendfsync"],
    EXPECT_QUEUE_SAVE: settings["redis.save"],
    EXPECT_CACHE_MAXMEMORY: settings["cache.maxmemory"],
    EXPECT_CACHE_POLICY: settings["cache.maxmemoryPolicy"],
    EXPECT_KEY_PREFIX: settings["queue.prefix"],
    EXPECT_KEY_PATTERNS: (settings["redis.keyPatterns"] ?? []).join(" "),
    EXPECT_BACKUPS_KEEP: String(settings["backups.keep"]),
    EXPECT_BACKUPS_KEEP_DAILY: String(settings["backups.keepDaily"]),
    EXPECT_BACKUPS_TO: settings["backups.to"] ?? "",
    EXPECT_SSH_ALLOWED_FROM: settings["ssh.allowedFrom"].join(" "),
    EXPECT_SSH_KEYS: server.deployKey.apply((own) =>
      [own, ...(settings["ssh.authorizedKeys"] ?? [])].map(fingerprint).join(" "),
    ),
  };
  return pulumi.secret({
    ...server.target,
    user: OPERATOR,
    ipv6: server.ipv6,
    serverId: server.serverId.apply(Number),
    url,
    domains: settings.domain ?? [],
    certificates: settings["domain.certificates"],
    firewallId: network.firewallId,
    sshAllowedFrom: settings["ssh.allowedFrom"],
    box: box?.access.apply(({ host, port, user, hostKey, ownerKey }) => ({
      host,
      port,
      user,
      hostKey,
      ownerKey,
      appendOnly: isAppendOnly(settings),
    })),
    // What somebody outside is to be answered: nothing at all, where there is neither a backend nor a static site.
    healthPath: settings["app.backend"] === undefined ? undefined : settings["app.health"],
    expected,
  });
}

/** As `ssh-keygen -l` prints it: SHA256, in base64 without padding. */
function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
