import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { type AddressPlan, addressName } from "../config/addresses";

export interface AddressesArgs extends AddressPlan {
  readonly labels: Readonly<Record<string, string>>;
}

/** The public addresses of a server, as resources of their own: a server that is made anew gets the same. */
export class Addresses extends pulumi.ComponentResource {
  /** Hetzner's numbers of them. */
  readonly ipv4: pulumi.Output<number>;
  readonly ipv6: pulumi.Output<number>;

  constructor(name: string, args: AddressesArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:addresses:Addresses", name, {}, options);
    const { location, kept, protect, takeOver, labels } = args;
    const address = (type: "ipv4" | "ipv6") => {
      const existing = takeOver[type];
      const ip = new hcloud.PrimaryIp(
        `${name}-${type}`,
        {
          name: addressName(args.name, type),
          type,
          location,
          autoDelete: !kept,
          deleteProtection: protect,
          labels: { ...labels },
        },
        {
          parent: this,
          protect,
          ...(existing === undefined
            ? { ignoreChanges: ["location"] }
            : // A preview finds them as Hetzner made them, `planAddresses` has changed them before an up does.
              { import: String(existing), ignoreChanges: ["name", "autoDelete", "deleteProtection", "labels"] }),
        },
      );
      return ip.id.apply(Number);
    };
    this.ipv4 = address("ipv4");
    this.ipv6 = address("ipv6");
    this.registerOutputs({ ipv4: this.ipv4, ipv6: this.ipv6 });
  }
}
