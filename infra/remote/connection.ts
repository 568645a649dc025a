import type * as command from "@pulumi/command";
import type { Input } from "@pulumi/pulumi";

/** The Unix user that operates the server; root doesn't log in. */
export const OPERATOR = "deploy";

/** What every connection needs. `hostKey` isn't optional: no connection trusts a key it doesn't know. */
export interface Target {
  /** Address of the server. */
  readonly host: Input<string>;
  /** OpenSSH private key of the deployment. */
  readonly privateKey: Input<string>;
  /** The server's public key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: Input<string>;
}

/**
 * A connection as the operator.
 *
 * @param patience failed dials before giving up; -1 for a server that is still booting (the resource's time-out ends it)
 */
export function connect(
  { host, privateKey, hostKey }: Target,
  patience = 10,
): command.types.input.remote.ConnectionArgs {
  return { host, privateKey, hostKey, user: OPERATOR, dialErrorLimit: patience, perDialTimeout: 10 };
}
