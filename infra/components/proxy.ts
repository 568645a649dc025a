import * as pulumi from "@pulumi/pulumi";
import { proxyBundle } from "../bundles/proxy";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Host } from "./host";
import type { Server } from "./server";

export interface ReverseProxyArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly host: Host;
}

/** Largest request body; the application's own limits are below it. */
const MAX_BODY = "25MB";

/** Debian's Caddy in front of the backend. */
export class ReverseProxy extends pulumi.ComponentResource {
  constructor(name: string, { settings, server, host }: ReverseProxyArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:proxy:ReverseProxy", name, {}, options);
    const folder = settings["app.static"];
    const bundle = proxyBundle({
      port: settings["app.port"],
      healthPath: settings["app.health"],
      maxBody: MAX_BODY,
      backend: settings["app.backend"] !== undefined,
      ...(folder !== undefined && { static: `/srv/${settings["app.name"]}/current/${folder}` }),
    });
    apply(name, { target: server.target, server: server.serverId, bundle }, { parent: this, dependsOn: host.ready });
    this.registerOutputs();
  }
}
