import * as pulumi from "@pulumi/pulumi";
import { backupsBundle } from "../bundles/backups";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Redis } from "./redis";
import type { Server } from "./server";

export interface BackupsArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly redis: Redis;
}

/** A timer that backs up the queue's Redis, and loads each copy before it counts. */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, { settings, server, redis }: BackupsArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:backups:Backups", name, {}, options);
    const bundle = backupsBundle({ schedule: settings["backups.schedule"], keep: settings["backups.keep"] });
    apply(name, { target: server.target, server: server.serverId, bundle }, { parent: this, dependsOn: redis.ready });
    this.registerOutputs();
  }
}
