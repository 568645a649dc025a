import * as pulumi from "@pulumi/pulumi";
import { backupsBundle } from "../bundles/backups";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Server } from "./server";

export interface BackupsArgs {
  readonly settings: Settings;
  readonly server: Server;
  /** All that has something to be backed up: the first backup is made at once, and holds it. */
  readonly after: pulumi.Resource[];
}

/** A timer that backs up Redis, PostgreSQL, folders and `.env`, and restores each backup on trial before it counts. */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, { settings, server, after }: BackupsArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:backups:Backups", name, {}, options);
    const bundle = backupsBundle({
      schedule: settings["backups.schedule"],
      keep: settings["backups.keep"],
      keepDaily: settings["backups.keepDaily"],
      name: settings["app.name"],
      postgres: settings["postgres.enabled"],
      folders: settings["app.folders"] ?? [],
    });
    apply(name, { target: server.target, server: server.serverId, bundle }, { parent: this, dependsOn: after });
    this.registerOutputs();
  }
}
