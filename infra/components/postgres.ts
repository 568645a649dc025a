import * as pulumi from "@pulumi/pulumi";
import { databaseUrl, postgresBundle } from "../bundles/postgres";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Host } from "./host";
import type { Server } from "./server";

export interface PostgresArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly host: Host;
}

/** PostgreSQL on a socket with the application's database; where it is off, what there was of it is stopped and kept. */
export class Postgres extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;
  /** DATABASE_URL; undefined where it is off. No secret: the Unix user is what lets in. */
  readonly databaseUrl?: string;

  constructor(name: string, { settings, server, host }: PostgresArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:postgres:Postgres", name, {}, options);
    const app = { enabled: settings["postgres.enabled"], name: settings["app.name"] };
    if (app.enabled) this.databaseUrl = databaseUrl(app.name);
    this.ready = apply(
      name,
      { target: server.target, server: server.serverId, bundle: postgresBundle(app) },
      { parent: this, dependsOn: host.ready },
    );
    this.registerOutputs();
  }
}
