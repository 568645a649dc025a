import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";

export interface NetworkArgs {
  /** Name at Hetzner. */
  readonly name: string;
  /** Address ranges that reach port 22. */
  readonly sshAllowedFrom: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const EVERYONE = ["0.0.0.0/0", "::/0"];

/** The cloud firewall: port 22 from the operators' ranges, 80 and 443 from everywhere, and nothing else. */
export class Network extends pulumi.ComponentResource {
  readonly firewallId: pulumi.Output<number>;

  constructor(name: string, args: NetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:network:Network", name, {}, options);
    const firewall = new hcloud.Firewall(
      name,
      {
        name: args.name,
        labels: args.labels,
        rules: [
          { direction: "in", protocol: "tcp", port: "22", sourceIps: [...args.sshAllowedFrom], description: "ssh" },
          { direction: "in", protocol: "tcp", port: "80", sourceIps: EVERYONE, description: "http" },
          { direction: "in", protocol: "tcp", port: "443", sourceIps: EVERYONE, description: "https" },
        ],
      },
      { parent: this },
    );
    this.firewallId = firewall.id.apply(Number);
    this.registerOutputs({ firewallId: this.firewallId });
  }
}
