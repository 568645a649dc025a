import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Bundle, pack } from "../bundles/bundle";
import { connect, type Target } from "./connection";

/**
 * Unpacks what comes over stdin into a folder that only root reads, in memory, and applies it. Equal for all concerns: what
 * changes is stdin alone, so that a changed bundle is an update and not a replacement.
 */
const APPLY = [
  "umask 077",
  "d=$(mktemp -d /run/queuehost.XXXXXX)",
  'trap "rm -rf $d" EXIT',
  'base64 -d | tar -xzC "$d"',
  'cd "$d"',
  // By its interpreter: /run is mounted noexec.
  "bash ./apply.sh",
].join("; ");

export interface ApplyArgs {
  readonly target: Target;
  readonly bundle: pulumi.Input<Bundle>;
  /** The server's id: a new server gets everything anew. */
  readonly server: pulumi.Input<string>;
  /** See `connect`. */
  readonly patience?: number;
}

/**
 * Applies a bundle on the server as root: one SSH connection, and none as long as the bundle stays the same. The bundle
 * travels over stdin and is a secret; so is what the server answers, since state would keep it in clear otherwise.
 */
export function apply(
  name: string,
  { target, bundle, server, patience }: ApplyArgs,
  options: pulumi.CustomResourceOptions,
): command.remote.Command {
  return new command.remote.Command(
    name,
    {
      connection: connect(target, patience),
      // Where it comes from stands in the server's audit log.
      create: `sudo -n SSH_CONNECTION="$SSH_CONNECTION" /bin/sh -ec '${APPLY}'`,
      stdin: pulumi.secret(pulumi.output(bundle).apply(pack)),
      triggers: [server],
      logging: "none",
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(
      { additionalSecretOutputs: ["stdout", "stderr"], customTimeouts: { create: "15m", update: "15m" } },
      options,
    ),
  );
}
