import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { hostKeyBundle } from "../bundles/hostkey";
import { userData } from "../bundles/user-data";
import type { Offer } from "../config/catalogue";
import { RESTORING } from "../config/hetzner";
import { forgetOrders, rememberOrder } from "../config/orders";
import { apply } from "../remote/apply";
import type { Target } from "../remote/connection";
import { keyPair } from "../remote/keypair";
import type { Addresses } from "./addresses";

export interface ServerArgs {
  /** Name at Hetzner, also the host name. */
  readonly name: string;
  /** What is ordered, or kept (`chooseOffer`). */
  readonly offer: Offer;
  readonly image: string;
  /** Whether Hetzner and Pulumi refuse to delete the server, and Pulumi what can't be made again for it: its keys. */
  readonly protect: boolean;
  readonly firewallId: pulumi.Input<number>;
  /** Those that a new server gets; without them, Hetzner gives it some that go with it. */
  readonly addresses?: Addresses | undefined;
  /** Whether Hetzner backs the whole server up, daily. */
  readonly backups: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** A server that answers only with a key it was given, and only to the deployment's key. */
export class Server extends pulumi.ComponentResource {
  readonly ipv4: pulumi.Output<string>;
  readonly ipv6: pulumi.Output<string>;
  /** Hetzner's id of the server; known once it is in operation. */
  readonly serverId: pulumi.Output<string>;
  /** Lines for a known_hosts file. */
  readonly knownHosts: pulumi.Output<string>;
  /** Public part of the deployment's key. */
  readonly deployKey: pulumi.Output<string>;
  /** How to reach it, with the host key that is its own alone. */
  readonly target: Target;
  /** What has to be done before `target` answers. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: ServerArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:server:Server", name, {}, options);
    const { offer, protect, addresses } = args;
    const isOrder = offer.isOrder && !pulumi.runtime.isDryRun();
    const child = { parent: this };
    const deploy = keyPair(`${name}-deploy-key`, "ed25519", { ...child, protect });
    const first = keyPair(`${name}-first-host-key`, "ecdsa", child);
    const own = keyPair(`${name}-host-key`, "ed25519", { ...child, protect });

    // With a key of its own the server gets no root password by mail.
    const sshKey = new hcloud.SshKey(
      name,
      { name: args.name, publicKey: deploy.publicKey, labels: args.labels },
      child,
    );
    const server = new hcloud.Server(
      name,
      {
        name: args.name,
        serverType: offer.type,
        location: offer.location,
        image: args.image,
        labels: args.labels,
        // A bigger type can be left again, since its bigger disk isn't taken.
        keepDisk: true,
        deleteProtection: protect,
        // Hetzner wants both to be the same.
        rebuildProtection: protect,
        sshKeys: [sshKey.id],
        backups: args.backups,
        ...(addresses && {
          publicNets: [{ ipv4Enabled: true, ipv4: addresses.ipv4, ipv6Enabled: true, ipv6: addresses.ipv6 }],
        }),
        firewallIds: [args.firewallId],
        // Guests come and go with firewalls of their own (`queuehost allow-me`): none of them is a change to be undone.
        ignoreRemoteFirewallIds: true,
        userData: pulumi.secret(
          pulumi
            .all([deploy.publicKey, first.privateKey, first.publicKey, sshKey.id, args.firewallId])
            .apply(([authorizedKey, privateKey, publicKey]) => {
              // Everything else is there: the order comes next.
              if (isOrder) rememberOrder(pulumi.getStack(), offer.type, offer.location);
              const app = process.env[RESTORING];
              return userData({
                authorizedKey,
                hostKey: { privateKey, publicKey },
                ...(app && { restoring: { app, since: new Date() } }),
              });
            }),
        ),
      },
      // Hetzner could only replace the server for these; they are managed on the host. For other addresses the provider would cut
      // its power and delete those that it has: a server that is there has taken its own over (see Addresses).
      {
        ...child,
        protect,
        ignoreChanges: ["sshKeys", "userData", "image", "location", "publicNets"],
        customTimeouts: { create: "10m" },
      },
    );

    if (isOrder) server.id.apply(() => forgetOrders(pulumi.getStack()));

    // First contact, with the key from user data. It travelled through the cloud's API, so the server gets one that didn't;
    // the host base then shows that alone. Never done again for this server: afterwards nothing answers with the first key.
    this.ready = apply(
      `${name}-first-contact`,
      {
        target: { host: server.ipv4Address, privateKey: deploy.privateKey, hostKey: first.publicKey },
        bundle: pulumi
          .all([own.privateKey, own.publicKey])
          .apply(([privateKey, publicKey]) => hostKeyBundle({ privateKey, publicKey })),
        server: server.id,
        patience: -1,
      },
      // Protected too: it couldn't be done again, and what isn't deleted here keeps the server from being.
      { ...child, protect, ignoreChanges: ["create", "stdin", "connection.privateKey", "connection.hostKey"] },
    );
    this.target = { host: server.ipv4Address, privateKey: deploy.privateKey, hostKey: own.publicKey };
    this.ipv4 = server.ipv4Address;
    this.ipv6 = server.ipv6Address;
    this.serverId = server.id;
    this.knownHosts = pulumi.interpolate`${server.ipv4Address} ${own.publicKey}`;
    this.deployKey = deploy.publicKey;
    this.registerOutputs({ ipv4: this.ipv4, ipv6: this.ipv6, serverId: this.serverId });
  }
}
