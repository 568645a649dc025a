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
import { settingsDigest } from "../rehearsal/digest";
import {
  type Release as Built,
  buildRelease,
  exampleKeys,
  largestFiles,
  type NodeRuntime,
  nodeRuntime,
  type PackedPm2,
  packPm2,
  ReleaseError,
} from "../release";
import { apply } from "../remote/apply";
import { connect } from "../remote/connection";
import { Pm2 } from "./pm2";
import type { Server } from "./server";

/** The two instances of Redis, on localhost. */
export const REDIS_PORTS = { queue: 6379, cache: 6380 } as const;

/** Seconds for a new release to become healthy: Node, Redis and a first connection take two. */
const HEALTH_TIMEOUT_SEC = 30;

/** What a process has where nothing is said of it. */
const PROCESS_DEFAULTS = {
  memory: "1gb",
  cpuWeight: 100,
  /** Above the reference application's own limit for running jobs (20) and for closing (3). */
  stopTimeoutSec: 30,
};
/** Two of the backend, so that one that crashes leaves one. */
const INSTANCES = { backend: 2, worker: 1 } as const;

/** A release and its `.env`, ready to be sent: whatever can be wrong with them was found. */
export interface Prepared {
  readonly built: Built;
  /** The release that is to be in service: the built one, unless another is held (`app.release`). */
  readonly releaseId: string;
  readonly runtime: NodeRuntime;
  /** Where it is the process manager. */
  readonly pm2?: PackedPm2;
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
    // Beside it .queuehost may hold a state and its passphrase, which a container of a build is not to see.
    const place = join(ownFolder(folder), "build");
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
      place,
    );
    await assertSize(built, settings["app.maxArtefact"]);
    const runtime = nodeRuntime(architecture, settings["app.node"]);
    const processes = processesOf(built, settings);
    const pm2 = settings.processManager === "pm2" ? { pm2: await packPm2(place) } : {};
    const app = appOf(settings, built, runtime, processes, pm2);
    const releaseId = settings["app.release"] ?? built.id;
    return { built, releaseId, runtime, ...pm2, processes, env: envOf(settings), app };
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

/** The `.env` and a release of the application. One that is held lies on the server: no artefact travels. */
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
    const upload = prepared.releaseId === built.id ? [this.upload(name, { settings, server, prepared }, env)] : [];
    const pm2 = (dependsOn: pulumi.Resource, packed: Pick<Prepared, "pm2"> = {}) =>
      new Pm2(`${name}-pm2`, { server, app: settings["app.name"], ...packed }, { parent: this, dependsOn });
    const manager = prepared.pm2 === undefined ? [] : [pm2(env, { pm2: prepared.pm2 }).ready];
    const dependsOn = [env, ...upload, ...manager];
    const app = apply(name, { target, server: serverId, bundle: prepared.app }, { parent: this, dependsOn });
    if (prepared.pm2 === undefined) pm2(app);
    this.releaseId = prepared.releaseId;
    // Not before it is in service: from then on neither needs another rehearsal.
    const inService = (text: string) => app.id.apply(() => text);
    this.registerOutputs({
      releaseId: inService(this.releaseId),
      settings: inService(settingsDigest(settings)),
    });
  }

  private upload(
    name: string,
    { settings, server, prepared: { built } }: Omit<ReleaseArgs, "after">,
    after: pulumi.Resource,
  ): pulumi.Resource {
    return new command.remote.CopyToRemote(
      `${name}-artefact`,
      {
        connection: connect(server.target),
        source: new pulumi.asset.FileAsset(built.file),
        remotePath: `/srv/${settings["app.name"]}/incoming/${built.id}.tar.gz`,
        triggers: [server.serverId],
      },
      { parent: this, dependsOn: after },
    );
  }
}

/** The processes as they are configured, by what their units' names begin with. */
function processesOf({ commands: { backend, workers } }: Built, settings: Settings): AppSettings["processes"] {
  const commands = Object.entries(workers).map(([group, command]) => ({
    name: group === "" ? "worker" : `worker-${group}`,
    command,
  }));
  if (backend !== undefined) commands.unshift({ name: "backend", command: backend });
  return commands.map(({ name, command }) => {
    const { stopTimeout: stopTimeoutSec, ...said } = settings.processes[name] ?? {};
    const instances = INSTANCES[name === "backend" ? "backend" : "worker"];
    const limits = stopTimeoutSec === undefined ? said : { ...said, stopTimeoutSec };
    return { name, command, instances, ...PROCESS_DEFAULTS, ...limits };
  });
}

/** @throws ReleaseError when the artefact is larger than `app.maxArtefact`, before anything is sent */
async function assertSize({ file, size }: Built, most: string): Promise<void> {
  const bytes = bytesOf(most);
  if (size <= bytes) return;
  const largest = (await largestFiles(file, 5)).map((entry) => `${megabytes(entry.size)} ${entry.path}`).join(", ");
  throw new ReleaseError(
    `app.maxArtefact: should be at least the size of the release, ${megabytes(size)}, got "${most}"; nothing was sent. Its largest files: ${largest}. Take out what the server doesn't need, or: pulumi config set queuehost:app.maxArtefact ${Math.ceil(size / 2 ** 20)}mb`,
  );
}

const UNITS = { kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 };

/** A size of the configuration, such as `500mb`. */
const bytesOf = (size: string): number => Number.parseInt(size, 10) * UNITS[size.slice(-2) as keyof typeof UNITS];

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

export function envOf(settings: Settings): Bundle {
  const name = settings["app.name"];
  return envBundle({
    name,
    nodeEnv: "production",
    port: settings["app.port"],
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

function appOf(
  settings: Settings,
  built: Built,
  runtime: NodeRuntime,
  processes: AppSettings["processes"],
  pm2: Pick<AppSettings, "pm2">,
): Bundle {
  const held = settings["app.release"];
  return appBundle({
    name: settings["app.name"],
    release: held ?? built.id,
    ...(held !== undefined && held !== built.id && { kept: true }),
    sha256: built.sha256,
    folder: built.folder,
    nodeVersion: runtime.version,
    nodeUrl: runtime.url,
    nodeSha512: runtime.sha512,
    manager: settings.processManager,
    ...pm2,
    processes,
    ...defined({
      migrate: built.commands.migrate,
      smokeTest: built.commands.smokeTest,
    }),
    port: settings["app.port"],
    healthPath: settings["app.health"],
    healthTimeoutSec: HEALTH_TIMEOUT_SEC,
    keepReleases: settings["app.keepReleases"],
    packages: settings["app.packages"] ?? [],
    folders: settings["app.folders"] ?? [],
    queuePrefix: settings["queue.prefix"],
    postgres: settings["postgres.enabled"],
    watch: {
      seconds: settings["watch.seconds"],
      failures: settings["watch.failures"],
      wait: settings["watch.wait"],
    },
  });
}

/** Without the keys that have no value. */
function defined<T extends Record<string, string | undefined>>(record: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
