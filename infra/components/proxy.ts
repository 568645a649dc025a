import * as pulumi from "@pulumi/pulumi";
import { proxyBundle } from "../bundles/proxy";
import { apply } from "../remote/apply";
import type { Host } from "./host";
import { BACKEND_PORT, HEALTH_PATH } from "./release";
import type { Server } from "./server";

export interface ProxyArgs {
  readonly server: Server;
  readonly host: Host;
}

/** Largest request body; the application's own limits are below it. */
const MAX_BODY = "25MB";

/** Debian's Caddy in front of the backend. */
export class ReverseProxy extends pulumi.ComponentResource {
  constructor(name: string, { server, host }: ProxyArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:proxy:ReverseProxy", name, {}, options);
    const bundle = proxyBundle({ port: BACKEND_PORT, healthPath: HEALTH_PATH, maxBody: MAX_BODY });
    apply(name, { target: server.target, server: server.serverId, bundle }, { parent: this, dependsOn: host.ready });
    this.registerOutputs();
  }
}
