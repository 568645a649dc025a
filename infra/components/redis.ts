import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { redisBundle } from "../bundles/redis";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Host } from "./host";
import type { Server } from "./server";

export interface RedisArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly host: Host;
}

/** Two instances of Redis on localhost: the queue, which never evicts, and the cache, which does. */
export class Redis extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;

  constructor(name: string, { settings, server, host }: RedisArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:redis:Redis", name, {}, options);
    if (settings["redis.maxmemoryPolicy"] !== "noeviction")
      pulumi.log.warn(
        `redis.maxmemoryPolicy: ${settings["redis.maxmemoryPolicy"]} lets Redis drop jobs when its memory is full; noeviction loses none.`,
        this,
      );
    const bundle = redisBundle({
      passwordSha256: createHash("sha256").update(settings["redis.password"]).digest("hex"),
      keyPrefix: settings["queue.prefix"],
      keyPatterns: settings["redis.keyPatterns"] ?? [],
      queueMaxmemory: settings["redis.maxmemory"],
      queueMaxmemoryPolicy: settings["redis.maxmemoryPolicy"],
      queueAppendfsync: settings["redis.appendfsync"],
      queueSave: settings["redis.save"],
      cacheMaxmemory: settings["cache.maxmemory"],
      cacheMaxmemoryPolicy: settings["cache.maxmemoryPolicy"],
    });
    this.ready = apply(
      name,
      { target: server.target, server: server.serverId, bundle },
      { parent: this, dependsOn: host.ready },
    );
    this.registerOutputs();
  }
}
