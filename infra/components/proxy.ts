import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { proxyBundle } from "../bundles/proxy";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Host } from "./host";
import type { Prepared } from "./release";
import type { Server } from "./server";

export interface ReverseProxyArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly host: Host;
  readonly prepared: Prepared;
}

/** Largest request body; the application's own limits are below it. */
const MAX_BODY = "25MB";

/** Debian's Caddy in front of the backend. */
export class ReverseProxy extends pulumi.ComponentResource {
  constructor(
    name: string,
    { settings, server, host, prepared }: ReverseProxyArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("queuehost:proxy:ReverseProxy", name, {}, options);
    const files = settings["app.static"];
    const { folder } = prepared.built;
    const bundle = proxyBundle({
      port: settings["app.port"],
      healthPath: settings["app.health"],
      maxBody: MAX_BODY,
      backend: settings["app.backend"] !== undefined,
      ...(files !== undefined && { static: posix.join("/srv", settings["app.name"], "current", folder, files) }),
    });
    apply(name, { target: server.target, server: server.serverId, bundle }, { parent: this, dependsOn: host.ready });
    this.registerOutputs();
  }
}
