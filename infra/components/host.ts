import * as pulumi from "@pulumi/pulumi";
import { hardeningBundle } from "../bundles/hardening";
import { apply } from "../remote/apply";
import type { Server } from "./server";

/**
 * What the other concerns need from Debian, installed with the base in one go: each would wait for the others' apt
 * otherwise. Every apply.sh still asks for its own.
 */
const PACKAGES = ["redis-server", "redis-tools", "caddy", "curl"];

export interface HostArgs {
  readonly server: Server;
  /** Public keys of the people who log in, beside the deployment's own. */
  readonly authorizedKeys: readonly string[];
  readonly sshAllowedFrom: readonly string[];
}

/** The host base: users, sshd, packet filter, updates, limits. Everything else is put on top of it. */
export class Host extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;

  constructor(
    name: string,
    { server, authorizedKeys, sshAllowedFrom }: HostArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("queuehost:host:Host", name, {}, options);
    const bundle = server.deployKey.apply((deployKey) =>
      hardeningBundle({ authorizedKeys: [deployKey, ...authorizedKeys], sshAllowedFrom, packages: PACKAGES }),
    );
    this.ready = apply(
      name,
      { target: server.target, server: server.serverId, bundle },
      { parent: this, dependsOn: server.ready },
    );
    this.registerOutputs();
  }
}
