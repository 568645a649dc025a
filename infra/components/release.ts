import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { appBundle } from "../bundles/app";
import type { Bundle } from "../bundles/bundle";
import { envBundle } from "../bundles/env";
import { EnvError } from "../bundles/env-file";
import type { Settings } from "../config/schema";
import { architectureOf, type Release as Built, buildRelease, nodeRuntime, ReleaseError } from "../release";
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

/** A release and its `.env`, ready to be sent: whatever can be wrong with them was found. */
export interface Prepared {
  readonly built: Built;
  readonly env: Bundle;
  readonly app: Bundle;
}

/**
 * Builds the application and renders its `.env`, before any resource is made.
 *
 * @param appPath folder of the application
 * @param outDir where built artefacts are kept
 * @throws pulumi.RunError for an application that can't be built and for values that no `.env` carries
 */
export async function prepareRelease(settings: Settings, appPath: string, outDir: string): Promise<Prepared> {
  try {
    const built = await buildRelease(appPath, outDir);
    return { built, env: envOf(settings), app: appOf(settings, built) };
  } catch (error) {
    if (error instanceof ReleaseError || error instanceof EnvError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

export interface ReleaseArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly prepared: Prepared;
  /** What has to be on the server before: the host base and Redis. */
  readonly after: pulumi.Resource[];
}

/** The `.env` and a release of the application, running under systemd. */
export class Release extends pulumi.ComponentResource {
  readonly releaseId: string;

  constructor(
    name: string,
    { settings, server, prepared, after }: ReleaseArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("queuehost:release:Release", name, {}, options);
    const { target, serverId } = server;
    const { built } = prepared;
    const env = apply(
      `${name}-env`,
      { target, server: serverId, bundle: prepared.env },
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
    apply(name, { target, server: serverId, bundle: prepared.app }, { parent: this, dependsOn: upload });
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
