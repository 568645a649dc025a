import { join, resolve } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type AppSettings, appBundle } from "../bundles/app";
import type { Bundle } from "../bundles/bundle";
import { envBundle } from "../bundles/env";
import { EnvError } from "../bundles/env-file";
import { databaseUrl } from "../bundles/postgres";
import type { Offer } from "../config/catalogue";
import { assertExampleKeys } from "../config/example";
import { ownFolder } from "../config/own-folder";
import type { Settings } from "../config/schema";
import {
  type Release as Built,
  buildRelease,
  exampleKeys,
  type NodeRuntime,
  nodeRuntime,
  ReleaseError,
} from "../release";
import { apply } from "../remote/apply";
import { connect } from "../remote/connection";
import type { Server } from "./server";

/** The two instances of Redis, on localhost. */
export const REDIS_PORTS = { queue: 6379, cache: 6380 } as const;

/** Seconds for a new release to become healthy: Node, Redis and a first connection take two. */
const HEALTH_TIMEOUT_SEC = 30;
/** Seconds from SIGTERM to SIGKILL: above the reference application's own limit for running jobs (20) and for closing (3). */
const STOP_TIMEOUT_SEC = 30;
const KEEP_RELEASES = 5;

/** A release and its `.env`, ready to be sent: whatever can be wrong with them was found. */
export interface Prepared {
  readonly built: Built;
  readonly runtime: NodeRuntime;
  readonly processes: AppSettings["processes"];
  readonly env: Bundle;
  readonly app: Bundle;
}

/**
 * Builds the application and renders its `.env`, before any resource is made.
 *
 * @param folder what `app.path` is relative to; built artefacts are kept in its folder .queuehost/build
 * @throws pulumi.RunError for an application that can't be built and for values that are missing or that no `.env` carries
 */
export async function prepareRelease(settings: Settings, { architecture }: Offer, folder: string): Promise<Prepared> {
  const path = resolve(folder, settings["app.path"]);
  try {
    assertExampleKeys(settings, exampleKeys(path));
    const built = await buildRelease(
      {
        path,
        ...defined({
          build: settings["app.build"],
          output: settings["app.output"],
          backend: settings["app.backend"],
          migrate: settings["app.migrate"],
          smokeTest: settings["app.smokeTest"],
          static: settings["app.static"],
        }),
        workers: settings.workers,
        folders: settings["app.folders"] ?? [],
        node: settings["app.node"],
        architecture,
      },
      // Beside it .queuehost may hold a state and its passphrase, which a container of a build is not to see.
      join(ownFolder(folder), "build"),
    );
    const runtime = nodeRuntime(architecture, settings["app.node"]);
    const processes = processesOf(built);
    return { built, runtime, processes, env: envOf(settings), app: appOf(settings, built, runtime, processes) };
  } catch (error) {
    if (error instanceof ReleaseError || error instanceof EnvError)
      throw new pulumi.RunError(error.message.startsWith(`${path}:`) ? `app.path: ${error.message}` : error.message);
    throw error;
  }
}

export interface ReleaseArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly prepared: Prepared;
  /** What has to be on the server before: Redis and PostgreSQL. */
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

/** The processes by what ends the names of their units. */
function processesOf({ commands: { backend, workers } }: Built): AppSettings["processes"] {
  return [
    ...(backend === undefined ? [] : [{ name: "backend", command: backend }]),
    ...Object.entries(workers).map(([group, command]) => ({
      name: group === "" ? "worker" : `worker-${group}`,
      command,
    })),
  ];
}

export function envOf(settings: Settings): Bundle {
  const name = settings["app.name"];
  return envBundle({
    name,
    nodeEnv: "production",
    port: settings["app.port"],
    healthPath: settings["app.health"],
    healthTimeoutSec: HEALTH_TIMEOUT_SEC,
    redisHost: "127.0.0.1",
    redisPort: REDIS_PORTS.queue,
    redisPassword: settings["redis.password"],
    redisDb: settings["redis.db"],
    redisCachePort: REDIS_PORTS.cache,
    queueEnabled: settings["queue.enabled"],
    queueConcurrency: settings["queue.concurrency"],
    queuePrefix: settings["queue.prefix"],
    ...(settings["postgres.enabled"] && { databaseUrl: databaseUrl(name) }),
    extra: settings.env,
  });
}

function appOf(settings: Settings, built: Built, runtime: NodeRuntime, processes: AppSettings["processes"]): Bundle {
  return appBundle({
    name: settings["app.name"],
    release: built.id,
    sha256: built.sha256,
    folder: built.folder,
    nodeVersion: runtime.version,
    nodeUrl: runtime.url,
    nodeSha512: runtime.sha512,
    processes,
    ...defined({
      migrate: built.commands.migrate,
      smokeTest: built.commands.smokeTest,
    }),
    port: settings["app.port"],
    healthPath: settings["app.health"],
    healthTimeoutSec: HEALTH_TIMEOUT_SEC,
    stopTimeoutSec: STOP_TIMEOUT_SEC,
    keepReleases: KEEP_RELEASES,
    packages: settings["app.packages"] ?? [],
    folders: settings["app.folders"] ?? [],
  });
}

/** Without the keys that have no value. */
function defined<T extends Record<string, string | undefined>>(record: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
