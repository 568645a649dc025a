import * as pulumi from "@pulumi/pulumi";
import { type AwaySettings, backupsBundle, isAppendOnly } from "../bundles/backups";
import type { Settings } from "../config/schema";
import { apply } from "../remote/apply";
import type { Server } from "./server";
import type { StorageBox } from "./storage-box";

export interface BackupsArgs {
  readonly settings: Settings;
  readonly server: Server;
  /** All that has something to be backed up: the first backup is made at once, and holds it. */
  readonly after: pulumi.Resource[];
  /** Where `backups.to` is storage-box. */
  readonly box?: StorageBox | undefined;
}

/**
 * A timer that backs up Redis, PostgreSQL, folders and `.env`, and restores each backup on trial before it counts; and what ships
 * them off the server.
 */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, { settings, server, after, box }: BackupsArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:backups:Backups", name, {}, options);
    const bundle = awayOf(settings, box).apply((away) =>
      backupsBundle({
        schedule: settings["backups.schedule"],
        keep: settings["backups.keep"],
        keepDaily: settings["backups.keepDaily"],
        name: settings["app.name"],
        postgres: settings["postgres.enabled"],
        folders: settings["app.folders"] ?? [],
        ...(away === undefined ? {} : { away }),
      }),
    );
    apply(
      name,
      { target: server.target, server: server.serverId, bundle },
      { parent: this, dependsOn: box === undefined ? after : [...after, box] },
    );
    this.registerOutputs();
  }
}

/** Where backups go besides; `combinationFaults` has seen to it that what belongs together is there. */
function awayOf(settings: Settings, box: StorageBox | undefined): pulumi.Output<AwaySettings | undefined> {
  const to = settings["backups.to"];
  const password = settings["backups.password"];
  if (to === undefined || password === undefined) return pulumi.output(undefined);
  const rest = {
    password,
    from: settings["server.name"],
    appendOnly: isAppendOnly(settings),
    bandwidth: settings["backups.bandwidth"],
    check: settings["backups.check"],
    checkData: settings["backups.checkData"],
  };
  if (box !== undefined)
    return box.access.apply(({ host, port, user, privateKey, hostKey, folder }) => ({
      ...rest,
      target: { kind: "box" as const, host, port, user, privateKey, hostKey, folder },
    }));
  if (!to.startsWith("s3:")) return pulumi.output({ ...rest, target: { kind: "folder" as const, path: to } });
  const accessKeyId = settings["backups.s3.accessKeyId"] ?? "";
  const secretAccessKey = settings["backups.s3.secretAccessKey"] ?? "";
  return pulumi.output({ ...rest, target: { kind: "s3" as const, address: to, accessKeyId, secretAccessKey } });
}
