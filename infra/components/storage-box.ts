import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { isAppendOnly } from "../bundles/backups";
import type { Settings } from "../config/schema";
import { type KeyPair, keyPair } from "../remote/keypair";

export interface StorageBoxArgs {
  readonly settings: Pick<
    Settings,
    | "server.name"
    | "storageBox.type"
    | "storageBox.location"
    | "storageBox.hostKey"
    | "backups.to"
    | "backups.appendOnly"
  >;
  readonly labels: Readonly<Record<string, string>>;
}

/** What reaches a Storage Box: the server with its own key, the operator with the owner's. */
export interface BoxAccess {
  readonly host: string;
  readonly port: typeof PORT;
  readonly user: string;
  /** OpenSSH; speaks restic's protocol for `folder` and can do nothing else, nor delete, unless told otherwise. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA...` */
  readonly hostKey: string;
  /** Where the server's key is confined to. */
  readonly folder: typeof FOLDER;
  /** OpenSSH; may do everything, and never gets to the server. */
  readonly ownerKey: string;
}

/** Hetzner's OpenSSH; on port 22 they have another SFTP server, without commands. */
const PORT = 23;
const FOLDER = "queuehost";

/** Snapshots that a plan keeps at most, by type; the smallest number for a type that came later. */
const SNAPSHOTS: Readonly<Record<string, number>> = { bx11: 10, bx21: 20, bx31: 30, bx41: 40 };
const FEWEST = 10;

/**
 * A Storage Box for backups, with a history of daily snapshots that no key on the server reaches.
 *
 * It is protected, always, and with it its keys: what deletes or replaces a server leaves it.
 */
export class StorageBox extends pulumi.ComponentResource {
  /** Secret. Known once the box takes the server's key. */
  readonly access: pulumi.Output<BoxAccess>;

  constructor(name: string, { settings, labels }: StorageBoxArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:storagebox:StorageBox", name, {}, options);
    const child = { parent: this };
    const owner = keyPair(`${name}-owner-key`, "ed25519", child);
    const server = keyPair(`${name}-server-key`, "ed25519", child);
    const location = settings["storageBox.location"];
    const box = new hcloud.StorageBox(
      name,
      {
        name: settings["server.name"],
        storageBoxType: settings["storageBox.type"],
        location,
        labels: { ...labels },
        password: pulumi.secret(owner.privateKey).apply(passwordFrom),
        sshKeys: [owner.publicKey],
        accessSettings: {
          sshEnabled: true,
          reachableExternally: true,
          sambaEnabled: false,
          webdavEnabled: false,
          zfsEnabled: false,
        },
        snapshotPlan: { maxSnapshots: SNAPSHOTS[settings["storageBox.type"]] ?? FEWEST, hour: 2, minute: 40 },
        deleteProtection: true,
      },
      // Hetzner could only replace it for these. Both keys live as long as the box does: it depends on them.
      {
        ...child,
        protect: true,
        ignoreChanges: ["sshKeys", "location"],
        dependsOn: [server.made],
        customTimeouts: { create: "15m" },
      },
    );
    box.location.apply((is) => sayFixed(is, location));
    const hostKey = settings["storageBox.hostKey"];
    const keys = new command.remote.Command(
      `${name}-keys`,
      {
        connection: {
          host: box.server,
          port: PORT,
          user: box.username,
          privateKey: owner.privateKey,
          hostKey,
          // Its name may take a while to be known; the resource's time-out ends it.
          dialErrorLimit: -1,
          perDialTimeout: 10,
        },
        // There is no shell: one command, without pipe or redirection.
        create: "dd of=.ssh/authorized_keys",
        stdin: authorizedKeys(owner, server, isAppendOnly(settings)),
        triggers: [box.id],
        logging: "none",
        addPreviousOutputInEnv: false,
      },
      { parent: this, customTimeouts: { create: "10m", update: "10m" } },
    );
    this.access = pulumi.secret(
      pulumi.all([box.server, box.username, server.privateKey, owner.privateKey, keys.id]).apply(
        ([host, user, privateKey, ownerKey]): BoxAccess => ({
          host,
          port: PORT,
          user,
          privateKey,
          hostKey,
          folder: FOLDER,
          ownerKey,
        }),
      ),
    );
    this.registerOutputs({ host: box.server, username: box.username });
  }
}

/** What the box lets in: the owner to everything, the server to restic's protocol over its standard input and output. */
export function authorizedKeys(
  owner: Pick<KeyPair, "publicKey">,
  server: Pick<KeyPair, "publicKey">,
  appendOnly: boolean,
): pulumi.Output<string> {
  const restic = `rclone serve restic --stdio ${appendOnly ? "--append-only " : ""}${FOLDER}`;
  return pulumi.interpolate`${owner.publicKey}\nrestrict,command="${restic}" ${server.publicKey}\n`;
}

/** Nobody types it; Hetzner wants one, with a character of each kind. */
export function passwordFrom(privateKey: string): string {
  return `Aa1-${createHash("sha256").update(`password of the Storage Box\n${privateKey}`).digest("base64url")}`;
}

function sayFixed(is: string, wanted: string): void {
  if (is !== wanted)
    void pulumi.log.warn(`storageBox.location: the Storage Box stays in ${is}, with the backups on it; got ${wanted}`);
}
