import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { pm2Bundle } from "../bundles/pm2";
import type { PackedPm2 } from "../release/pm2";
import { apply } from "../remote/apply";
import { connect } from "../remote/connection";
import type { Server } from "./server";

export interface Pm2Args {
  readonly server: Server;
  /** Name of the application. */
  readonly app: string;
  /** Where releases run under PM2; otherwise what there was of it on the server is taken away. */
  readonly pm2?: PackedPm2;
}

/**
 * PM2 on the server. Where it is wanted, a release needs it and has to come after it; where it isn't, it goes once the release
 * that ran under it has ended, and so comes after that one. The caller says so by `dependsOn`.
 */
export class Pm2 extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;

  /** @param options `dependsOn` what makes the folder for uploads, or the release that needs no PM2 */
  constructor(
    name: string,
    { server: { target, serverId }, app, pm2 }: Pm2Args,
    options: pulumi.ComponentResourceOptions & { readonly dependsOn: pulumi.Resource },
  ) {
    super("queuehost:release:Pm2", name, {}, options);
    const { dependsOn } = options;
    const upload =
      pm2 &&
      new command.remote.CopyToRemote(
        `${name}-packed`,
        {
          connection: connect(target),
          source: new pulumi.asset.FileAsset(pm2.file),
          remotePath: `/srv/${app}/incoming/pm2-${pm2.id}.tgz`,
          triggers: [serverId],
        },
        { parent: this, dependsOn },
      );
    this.ready = apply(
      name,
      { target, server: serverId, bundle: pm2Bundle({ name: app, ...(pm2 && { pm2 }) }) },
      { parent: this, dependsOn: upload ?? dependsOn },
    );
    this.registerOutputs();
  }
}
