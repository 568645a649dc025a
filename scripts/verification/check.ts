/** What a verification saw of one thing. */
export interface Check {
  /** Where it looked from: `outside`, or the concern on the server. */
  readonly concern: string;
  readonly name: string;
  readonly ok: boolean;
  readonly seen: string;
}

/** Who may do everything on a Storage Box. */
export interface BoxOwner {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
  /** OpenSSH. */
  readonly ownerKey: string;
  /** Whether the server's key may only add there. */
  readonly appendOnly: boolean;
}

/** The stack's output `verification`: how to reach the server and what is to be seen there. */
export interface Subject {
  readonly host: string;
  /** The server's IPv6 address; absent or empty where it has none. */
  readonly ipv6?: string;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
  /** Hetzner's id of the server. */
  readonly serverId: number;
  /** Hetzner's id of the cloud firewall. */
  readonly firewallId: number;
  readonly sshAllowedFrom: readonly string[];
  /** Where the proxy answers, from outside. */
  readonly url: string;
  /** Host names, the application's own first; none, or absent, where it answers plain HTTP on the address. */
  readonly domains?: readonly string[];
  /** Who vouches for them: `internal` is an authority of the server's own, which is trusted nowhere else. */
  readonly certificates?: "public" | "internal";
  /** Path at which the backend is healthy; absent where there is no backend. */
  readonly healthPath?: string;
  /** The Storage Box of the backups, as its owner reaches it. Absent where there is none. */
  readonly box?: BoxOwner;
  /** Variables for the verify.sh of each concern; none of them is a secret. */
  readonly expected: Readonly<Record<string, string>>;
}
