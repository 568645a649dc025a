import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { proxyBundle } from "../bundles/proxy";
import { labelsOf } from "../config/labels";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import { Dns } from "./dns";
import type { Host } from "./host";
import type { Prepared } from "./release";
import type { Server } from "./server";

export interface ReverseProxyArgs {
  readonly settings: Settings;
  readonly server: Server;
  readonly host: Host;
  readonly prepared: Prepared;
}

/** Debian's Caddy in front of the application, and the records of its names. */
export class ReverseProxy extends pulumi.ComponentResource {
  /** Done before any release: the proxy knows both sides by then, and a switch needs it no more. */
  readonly ready: pulumi.Resource;
  /** Where the application answers. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: ReverseProxyArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:proxy:ReverseProxy", name, {}, options);
    const { settings, server, host } = args;
    const dns = createDns(name, args, { parent: this });
    this.ready = apply(
      name,
      { target: server.target, server: server.serverId, bundle: bundleOf(args) },
      {
        parent: this,
        dependsOn: dns === undefined ? host.ready : dns.ready.apply((records) => [host.ready, ...records]),
      },
    );
    const [home] = settings.domain ?? [];
    this.url = home === undefined ? pulumi.interpolate`http://${server.ipv4}` : pulumi.output(`https://${home}`);
    this.registerOutputs({ url: this.url });
  }
}

function bundleOf({ settings, prepared }: ReverseProxyArgs) {
  const { domain = [], "domain.email": email, "domain.zone": zone, "app.static": files } = settings;
  const { folder } = prepared.built;
  return proxyBundle({
    name: settings["app.name"],
    port: settings["app.port"],
    instances: prepared.processes.find(({ name }) => name === "backend")?.instances ?? 1,
    healthPath: settings["app.health"],
    maxBody: settings["proxy.maxBody"],
    backend: settings["app.backend"] !== undefined,
    spa: settings["app.spa"],
    domains: domain,
    certificates: settings["domain.certificates"],
    zone: zone !== undefined,
    ...(files !== undefined && { static: posix.join(folder, files) }),
    ...(email !== undefined && { email }),
  });
}

function createDns(name: string, { settings, server }: ReverseProxyArgs, options: pulumi.ComponentResourceOptions) {
  const { domain = [], "domain.zone": zone } = settings;
  if (zone === undefined) return undefined;
  return new Dns(`${name}-dns`, { zone, domains: domain, server, labels: labelsOf(settings) }, options);
}
