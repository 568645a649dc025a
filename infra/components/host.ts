import * as pulumi from "@pulumi/pulumi";
import { hardeningBundle } from "../bundles/hardening";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Server } from "./server";

/**
 * What the other concerns need from Debian, installed with the base in one go: each would wait for the others' apt
 * otherwise. Every apply.sh still asks for its own.
 */
const PACKAGES = ["redis-server", "redis-tools", "caddy", "curl", "age"];

export interface HostArgs {
  readonly settings: Settings;
  readonly server: Server;
}

/** The host base: users, sshd, packet filter, updates, limits. Everything else is put on top of it. */
export class Host extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;

  constructor(name: string, { settings, server }: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:host:Host", name, {}, options);
    const bundle = server.deployKey.apply((deployKey) =>
      hardeningBundle({
        authorizedKeys: [deployKey, ...(settings["ssh.authorizedKeys"] ?? [])],
        sshAllowedFrom: settings["ssh.allowedFrom"],
        packages: PACKAGES,
      }),
    );
    this.ready = apply(
      name,
      { target: server.target, server: server.serverId, bundle },
      { parent: this, dependsOn: server.ready },
    );
    this.registerOutputs();
  }
}
