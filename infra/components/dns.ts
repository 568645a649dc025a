import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { Server } from "./server";

export interface DnsArgs {
  /** The zone at Hetzner, which exists already and stays. */
  readonly zone: string;
  /** Host names in the zone, or the zone's own name. */
  readonly domains: readonly string[];
  readonly server: Server;
  readonly labels: Readonly<Record<string, string>>;
}

/** Seconds that a resolver may keep an address: short, since a new server has another one. */
const TTL_SEC = 300;

/** The addresses of the host names, as records of a zone that is managed at Hetzner. */
export class Dns extends pulumi.ComponentResource {
  /** What has to be done before the names lead to the server. */
  readonly ready: pulumi.Output<pulumi.Resource[]>;

  constructor(name: string, args: DnsArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:dns:Dns", name, {}, options);
    const { zone, domains, server, labels } = args;
    const record = (domain: string, type: "A" | "AAAA", value: pulumi.Input<string>) =>
      new hcloud.ZoneRrset(
        `${name}-${domain}-${type}`,
        { zone, name: nameIn(zone, domain), type, ttl: TTL_SEC, records: [{ value }], labels: { ...labels } },
        // Another one's record of that name isn't taken over: the API refuses the second.
        { parent: this, deleteBeforeReplace: true },
      );
    const four = domains.map((domain) => record(domain, "A", server.ipv4));
    // Only a rehearsal on a computer without IPv6 has none. Not known before the first `up`, whose preview leaves them out.
    const six = server.ipv6.apply((address) =>
      address === "" ? [] : domains.map((domain) => record(domain, "AAAA", address)),
    );
    this.ready = six.apply((records) => [...four, ...records]);
    this.registerOutputs();
  }
}

/** The name of a record as the zone has it: `@` is the zone itself. */
function nameIn(zone: string, domain: string): string {
  return domain === zone ? "@" : domain.slice(0, -zone.length - 1);
}
