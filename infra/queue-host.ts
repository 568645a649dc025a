import * as pulumi from "@pulumi/pulumi";
import { Addresses } from "./components/addresses";
import { Backups } from "./components/backups";
import { Host } from "./components/host";
import { Network } from "./components/network";
import { Postgres } from "./components/postgres";
import { ReverseProxy } from "./components/proxy";
import { Redis } from "./components/redis";
import { type Prepared, prepareRelease, Release } from "./components/release";
import { Server } from "./components/server";
import { StorageBox } from "./components/storage-box";
import { type AddressPlan, planAddresses } from "./config/addresses";
import { chooseOffer, type Offer } from "./config/catalogue";
import { labelsOf } from "./config/labels";
import { loadConfig } from "./config/load";
import type { Settings } from "./config/schema";
import { planBox } from "./config/storage-box";
import { queuehost } from "./config/typed";
import { requireRehearsal } from "./rehearsal/require";
import { OPERATOR } from "./remote/connection";
import { verification } from "./verification";

export interface QueueHostArgs {
  /** The stack's configuration (`loadConfig`). */
  readonly settings: Settings;
  /** What Hetzner has of what the configuration asks for (`chooseOffer`). */
  readonly offer: Offer;
  /** The application, built and ready to be sent (`prepareRelease`). */
  readonly prepared: Prepared;
  /** What becomes of the server's addresses (`planAddresses`); without it they go with their server. */
  readonly addresses?: AddressPlan | undefined;
  /** Whether there is a Storage Box already: it stays, whatever `backups.to` says. */
  readonly keepsBox?: boolean;
}

/** What a program returns as its stack's outputs. */
export interface QueueHostOutputs {
  readonly ipv4: pulumi.Output<string>;
  readonly ipv6: pulumi.Output<string>;
  /** Where the application answers. */
  readonly url: pulumi.Output<string>;
  readonly sshCommand: pulumi.Output<string>;
  /** For ~/.ssh/known_hosts: no first connection has to trust what it is shown. */
  readonly knownHosts: pulumi.Output<string>;
  readonly releaseId: string;
  /** Secret: how `queuehost verify` reaches the server, and what it expects there. The command line needs it under this name. */
  readonly verification: pulumi.Output<unknown>;
}

/** A server at Hetzner with everything that a Node.js backend and its BullMQ workers need, and the application on it. */
export class QueueHost extends pulumi.ComponentResource {
  readonly outputs: QueueHostOutputs;

  /**
   * Reads the stack's configuration, asks Hetzner for what can be had, builds the application, and only then makes the first
   * resource.
   *
   * @param name begins the names of its resources
   * @param folder what `app.path` is relative to: the project's, where Pulumi.yaml is
   * @throws pulumi.RunError with all that is wrong with the configuration, or with the application, and where it has to be
   *   rehearsed first
   */
  static async fromConfig(name = "queuehost", folder = process.cwd()): Promise<QueueHost> {
    const settings = loadConfig();
    const offer = await chooseOffer(settings);
    const prepared = await prepareRelease(settings, offer, folder);
    await requireRehearsal(settings, prepared, folder);
    if (settings["app.release"] !== undefined) sayHeld(settings, prepared);
    const [addresses, keepsBox] = await Promise.all([planAddresses(settings, offer), planBox(settings)]);
    return new QueueHost(name, { settings, offer, prepared, addresses, keepsBox });
  }

  constructor(name: string, args: QueueHostArgs, options?: pulumi.ComponentResourceOptions) {
    const { settings, offer, prepared, keepsBox } = args;
    super("queuehost:index:QueueHost", name, {}, options);
    // Up to 0.1.0 they stood in the stack itself, under these names.
    const child = (part: string) => ({
      parent: this,
      aliases: [{ name: part, parent: pulumi.rootStackResource }],
    });
    const labels = labelsOf(settings, offer.app);
    const network = new Network(
      `${name}-network`,
      { name: settings["server.name"], labels, sshAllowedFrom: settings["ssh.allowedFrom"] },
      child("network"),
    );
    const addresses =
      args.addresses && new Addresses(`${name}-addresses`, { ...args.addresses, labels }, { parent: this });
    const server = new Server(
      `${name}-server`,
      {
        name: settings["server.name"],
        labels,
        offer,
        image: settings["server.image"],
        protect: settings["server.protect"],
        backups: settings["server.backups"],
        firewallId: network.firewallId,
        addresses,
      },
      child("server"),
    );
    const host = new Host(`${name}-host`, { settings, server }, child("host"));
    const redis = new Redis(`${name}-redis`, { settings, server, host }, child("redis"));
    const postgres = new Postgres(`${name}-postgres`, { settings, server, host }, { parent: this });
    const proxy = new ReverseProxy(`${name}-proxy`, { settings, server, host, prepared }, child("proxy"));
    // A switch changes what the proxy sends where: it has to know both sides by then.
    const after = [redis.ready, postgres.ready, proxy.ready];
    const release = new Release(`${name}-release`, { settings, server, prepared, after }, child("release"));
    const isTarget = settings["backups.to"] === "storage-box";
    const kept =
      isTarget || keepsBox ? new StorageBox(`${name}-storage-box`, { settings, labels }, { parent: this }) : undefined;
    const box = isTarget ? kept : undefined;
    new Backups(`${name}-backups`, { settings, server, after: [...after, release], box }, child("backups"));

    const { url } = proxy;
    this.outputs = {
      ipv4: server.ipv4,
      ipv6: server.ipv6,
      url,
      sshCommand: pulumi.interpolate`ssh ${OPERATOR}@${server.ipv4}`,
      knownHosts: server.knownHosts,
      releaseId: release.releaseId,
      verification: verification({ settings, network, server, prepared, url, box }),
    };
    this.registerOutputs({ ...this.outputs });
  }
}

/** Nobody shall wonder why what was built isn't in service. */
function sayHeld({ "app.release": held, stack, project }: Settings, { built }: Prepared): void {
  const other = built.id === held ? "which is what the sources are" : `and not ${built.id}, which the sources are`;
  void pulumi.log.warn(
    `app.release: release ${held} is held, ${other}. To let go of it: ${queuehost(`deploy --stack ${stack}`, project)}`,
  );
}
