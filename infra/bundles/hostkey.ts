import { type Bundle, bundle, hostFiles } from "./bundle";

/** The key by which the server proves itself to SSH clients from its first contact on. */
export interface HostKeySettings {
  /** ed25519, OpenSSH format, without a passphrase. Secret. */
  readonly privateKey: string;
  /** Its public half: `ssh-ed25519 AAAA...`. */
  readonly publicKey: string;
}

/**
 * The host key that takes over from the one that travelled in user data. Applied first, over that one; whoever connects
 * afterwards can expect the new one. Its digest depends on a secret, but can't be turned back into it.
 */
export function hostKeyBundle({ privateKey, publicKey }: HostKeySettings): Bundle {
  return bundle("hostkey", [
    ...hostFiles("hostkey"),
    { path: "ssh_host_ed25519_key", content: `${privateKey.trimEnd()}\n`, mode: 0o600 },
    { path: "ssh_host_ed25519_key.pub", content: `${publicKey.trim()}\n`, mode: 0o644 },
  ]);
}
