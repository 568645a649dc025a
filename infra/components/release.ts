import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { appBundle } from "../bundles/app";
import { envBundle } from "../bundles/env";
import type { Settings } from "../config/schema";
import { architectureOf, type Release as Built, nodeRuntime } from "../release";
import { apply } from "../remote/apply";
import { connect } from "../remote/connection";
import type { Server } from "./server";

/** The backend's port on localhost, as in the guides that this replaces; the proxy is what listens outside. */
export const BACKEND_PORT = 3000;
export const HEALTH_PATH = "/health";
/** The two instances of Redis, on localhost. */
export const REDIS_PORTS = { queue: 6379, cache: 6380 } as const;

/** Seconds for a new release to become healthy: Node, Redis and a first connection take two. */
const HEALTH_TIMEOUT_SEC = 30;
/** Seconds from SIGTERM to SIGKILL: above the application's own limit for running jobs (20) and for closing (3). */
const STOP_TIMEOUT_SEC = 30;
const KEEP_RELEASES = 5;

export interface ReleaseArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly built: Built;
  /** What has to be on the server before: the host base and Redis. */
  readonly after: pulumi.Resource[];
}

/** The `.env` and a release of the application, running under systemd. */
export class Release extends pulumi.ComponentResource {
  readonly releaseId: string;

  constructor(
    name: string,
    { settings, server, built, after }: ReleaseArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("queuehost:release:Release", name, {}, options);
    const { target, serverId } = server;
    const env = apply(
      `${name}-env`,
      { target, server: serverId, bundle: envOf(settings) },
      { parent: this, dependsOn: after },
    );
    const upload = new command.remote.CopyToRemote(
      `${name}-artefact`,
      {
        connection: connect(target),
        source: new pulumi.asset.FileAsset(built.file),
        remotePath: `/srv/${settings["app.name"]}/incoming/${built.id}.tar.gz`,
        triggers: [serverId],
      },
      { parent: this, dependsOn: env },
    );
    apply(name, { target, server: serverId, bundle: appOf(settings, built) }, { parent: this, dependsOn: upload });
    this.releaseId = built.id;
    this.registerOutputs({ releaseId: this.releaseId });
  }
}

function envOf(settings: Settings) {
  return envBundle({
    name: settings["app.name"],
    nodeEnv: "production",
    port: BACKEND_PORT,
    healthPath: HEALTH_PATH,
    healthTimeoutSec: HEALTH_TIMEOUT_SEC,
    redisHost: "127.0.0.1",
    redisPort: REDIS_PORTS.queue,
    redisPassword: settings["redis.password"],
    redisDb: settings["redis.db"],
    redisCachePort: REDIS_PORTS.cache,
    queueEnabled: settings["queue.enabled"],
    queueConcurrency: settings["queue.concurrency"],
    queuePrefix: settings["queue.prefix"],
    extra: settings.env,
  });
}

function appOf(settings: Settings, built: Built) {
  const runtime = nodeRuntime(architectureOf(settings["server.type"]));
  return appBundle({
    name: settings["app.name"],
    release: built.id,
    sha256: built.sha256,
    nodeVersion: runtime.version,
    nodeUrl: runtime.url,
    nodeSha512: runtime.sha512,
    port: BACKEND_PORT,
    healthPath: HEALTH_PATH,
    healthTimeoutSec: HEALTH_TIMEOUT_SEC,
    stopTimeoutSec: STOP_TIMEOUT_SEC,
    keepReleases: KEEP_RELEASES,
  });
}
