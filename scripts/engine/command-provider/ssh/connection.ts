/** How to reach a machine: the part of the official schema's `Connection` that OpenSSH serves with a pinned host key. */
export interface SshConnection {
  /** Name or address. */
  readonly host: string;
  /** Default 22. */
  readonly port?: number;
  /** Default root. */
  readonly user?: string;
  /** An OpenSSH or PEM private key without passphrase, as text. */
  readonly privateKey: string;
  /** The server's public key as in authorized_keys: `ssh-ed25519 AAAA...`. No other key is accepted. */
  readonly hostKey: string;
  /** How many failed attempts to connect are forgiven; -1 for any number. Default 10, as the official provider has it. */
  readonly dialErrorLimit?: number;
  /** Seconds for each attempt to connect, 0 for no limit. Default 15, as the official provider has it. */
  readonly perDialTimeout?: number;
}

/** Returns what is wrong with a public host key, or nothing. */
export function hostKeyFault(hostKey: string): string | undefined {
  const [type, key] = hostKey.trim().split(/\s+/);
  const expected = "should be a public key such as `ssh-ed25519 AAAA...`";
  if (type === undefined || key === undefined || /[\r\n]/.test(hostKey.trim())) return expected;
  const blob = Buffer.from(key, "base64");
  // The key itself begins with the length of its type's name and that name.
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  return blob.subarray(4, 4 + length).toString() === type ? undefined : expected;
}

/** Returns what is wrong with a host name, or nothing. It must not be able to pass for an option or a pattern. */
export function hostFault(host: string): string | undefined {
  return /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/.test(host) ? undefined : "should be a host name or an address";
}

/** Returns what is wrong with a private key, or nothing. Where it has a passphrase nobody would be there to type it. */
export function privateKeyFault(privateKey: string): string | undefined {
  const expected = "should be an OpenSSH or PEM private key without passphrase";
  const [, type, body = ""] = /^-----BEGIN ([A-Z ]*)PRIVATE KEY-----\s+(.*)-----END /s.exec(privateKey.trim()) ?? [];
  if (type === undefined) return `${expected}, got something else`;
  // An OpenSSH key names its cipher after a fixed beginning: the length of the name, and the name.
  const blob = Buffer.from(body, "base64").subarray("openssh-key-v1\0".length);
  const cipher = type.startsWith("OPENSSH")
    ? blob.subarray(4, 4 + (blob.length > 4 ? blob.readUInt32BE(0) : 0)).toString()
    : "none";
  const locked = type.startsWith("ENCRYPTED") || body.includes("ENCRYPTED") || cipher !== "none";
  return locked ? `${expected}, got one with a passphrase` : undefined;
}
