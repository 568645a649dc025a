import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** An OpenSSH key pair, made once on the operator's machine and kept, encrypted, in the stack's state. */
export interface KeyPair {
  /** PEM, with the line break that OpenSSH insists on at its end. */
  readonly privateKey: pulumi.Output<string>;
  /** `ssh-ed25519 AAAA...`, without a comment. */
  readonly publicKey: pulumi.Output<string>;
  /** What made it: who lives as long as the key depends on this. */
  readonly made: pulumi.Resource;
}

/**
 * Makes a key pair with ssh-keygen, once for as long as its server lives: another one would be a key that the server doesn't
 * know. A new server (`queuehost recreate`) has new ones.
 */
export function keyPair(name: string, type: "ed25519" | "ecdsa", options: pulumi.CustomResourceOptions): KeyPair {
  const made = new command.local.Command(
    name,
    {
      create: [
        "umask 077",
        "d=$(mktemp -d)",
        `trap 'rm -rf "$d"' EXIT`,
        `ssh-keygen -q -t ${type} -N '' -C '' -f "$d/key"`,
        'cat "$d/key.pub" "$d/key"',
      ].join(" && "),
      logging: "none",
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions({ additionalSecretOutputs: ["stdout", "stderr"], ignoreChanges: ["create"] }, options),
  );
  const lines = pulumi.secret(made.stdout).apply((text) => text.trim().split("\n"));
  return {
    made,
    privateKey: lines.apply(([, ...pem]) => `${pem.join("\n")}\n`),
    publicKey: pulumi.unsecret(lines.apply(([line = ""]) => line.split(" ").slice(0, 2).join(" "))),
  };
}
