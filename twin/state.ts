import { conflict } from "./errors";

export type Labels = Record<string, string>;

export interface SshKey {
  readonly id: number;
  name: string;
  readonly publicKey: string;
  /** MD5, colon-separated. */
  readonly fingerprint: string;
  labels: Labels;
  readonly created: string;
}

export interface FirewallRule {
  readonly direction: "in" | "out";
  readonly protocol: "tcp" | "udp" | "icmp" | "esp" | "gre";
  /** "22", "1024-5000" or "any"; null for protocols without ports. */
  readonly port: string | null;
  readonly sourceIps: readonly string[];
  readonly destinationIps: readonly string[];
  readonly description: string | null;
}

export type FirewallTarget = { type: "server"; server: number } | { type: "label_selector"; selector: string };

export interface Firewall {
  readonly id: number;
  name: string;
  labels: Labels;
  readonly created: string;
  rules: FirewallRule[];
  appliedTo: FirewallTarget[];
}

export const SERVER_STATUSES = ["initializing", "starting", "running", "stopping", "off", "deleting"] as const;
export type ServerStatus = (typeof SERVER_STATUSES)[number];

export interface Server {
  readonly id: number;
  name: string;
  status: ServerStatus;
  readonly created: string;
  serverType: string;
  readonly image: number;
  readonly location: string;
  labels: Labels;
  /** As they were when the server was made: a key may be deleted from the project without leaving its servers. */
  readonly sshKeys: readonly string[];
  readonly userData: string;
  /** Set where no key was given, as at Hetzner; null otherwise. */
  readonly rootPassword: string | null;
  /** As the Primary IPs say that are assigned to it. */
  ipv4: { readonly id: number; readonly ip: string } | null;
  /** `network` is the server's /64; it answers on its first address. */
  ipv6: { readonly id: number; readonly network: string } | null;
  protection: boolean;
  /** Hours (UTC) in which daily backups would be made: the record alone. Absent where they are off. */
  backupWindow?: string | null;
  readonly primaryDiskSize: number;
}

export interface Action {
  readonly id: number;
  readonly command: string;
  status: "running" | "success" | "error";
  progress: number;
  readonly started: string;
  finished: string | null;
  error: { readonly code: string; readonly message: string } | null;
  readonly resources: readonly { readonly id: number; readonly type: string }[];
}

/** A resource record set: all records of one name and type. Hetzner's id of it is `<name>/<type>`. */
export interface RecordSet {
  /** As the zone has it: `www`, or `@` for the zone itself. */
  readonly name: string;
  readonly type: string;
  /** Seconds; null where it is the zone's. */
  ttl: number | null;
  labels: Labels;
  records: { readonly value: string; readonly comment: string }[];
}

/** A DNS zone. Nobody is asked for its names: the twin is no name server. */
export interface Zone {
  readonly id: number;
  readonly name: string;
  readonly created: string;
  readonly ttl: number;
  recordSets: RecordSet[];
}

/** An address that is a thing of its own; a server's only as long as it is assigned to it. */
export interface PrimaryIp {
  readonly id: number;
  name: string;
  readonly type: "ipv4" | "ipv6";
  /** An address, or a /64. */
  readonly ip: string;
  readonly location: string;
  labels: Labels;
  readonly created: string;
  /** Whether it goes with its server. */
  autoDelete: boolean;
  protection: boolean;
  server: number | null;
}

export interface AccessSettings {
  readonly reachable_externally: boolean;
  readonly samba_enabled: boolean;
  readonly ssh_enabled: boolean;
  readonly webdav_enabled: boolean;
  readonly zfs_enabled: boolean;
}

/** When snapshots are made: the record alone, no snapshot ever is. */
export interface SnapshotPlan {
  readonly max_snapshots: number;
  readonly minute: number;
  readonly hour: number;
  /** 1 (Monday) to 7; null is every day. */
  readonly day_of_week: number | null;
  readonly day_of_month: number | null;
}

export interface StorageBox {
  readonly id: number;
  name: string;
  status: "initializing" | "active";
  readonly created: string;
  type: string;
  readonly location: string;
  labels: Labels;
  readonly username: string;
  readonly ip: string;
  /** As it was made with them: what its owner writes into .ssh/authorized_keys later is on its disk alone. */
  readonly sshKeys: readonly string[];
  password: string;
  access: AccessSettings;
  protection: boolean;
  snapshotPlan: SnapshotPlan | null;
  /** Bytes that an operator of the twin has left of it (`PUT /twin/storage-boxes/<id>`); null: what its type has. */
  size: number | null;
}

/** A server type that can't be had in a location now, as an operator of the twin said (`PUT /twin/sold-out`). */
export interface SoldOut {
  readonly server_type: string;
  readonly location: string;
  /** Whether the list of server types tells it. At Hetzner the last place can go between a look at the list and the order. */
  readonly listed: boolean;
}

/** Where the twin's machines live. */
export interface PublicNetwork {
  /** A /24 of 198.18.0.0/15, which is set aside for tests and routed nowhere. */
  readonly subnet: string;
  /** The bridge's own address: the machines' way out, and where the metadata service listens. */
  readonly gateway: string;
  /** A /48 of 2001:db8::/32 (documentation addresses); null where the host has no IPv6. */
  readonly prefix6: string | null;
}

export interface State {
  readonly version: 1;
  /** Hetzner numbers its resources with integers; these count up and are never used twice. */
  nextId: number;
  /** The last part of the address that was given out last, so that addresses aren't used again at once. */
  lastHost: number;
  network: PublicNetwork | null;
  sshKeys: SshKey[];
  firewalls: Firewall[];
  servers: Server[];
  actions: Action[];
  soldOut: SoldOut[];
  /** Whether the applications of its machines may reach nobody (see trap/trap.ts), as an operator said; null: they may. */
  trap: { readonly answer: number } | null;
  zones: Zone[];
  storageBoxes: StorageBox[];
  primaryIps: PrimaryIp[];
}

export function emptyState(): State {
  return {
    version: 1,
    nextId: 1,
    lastHost: 1,
    network: null,
    sshKeys: [],
    firewalls: [],
    servers: [],
    actions: [],
    soldOut: [],
    trap: null,
    zones: [],
    storageBoxes: [],
    primaryIps: [],
  };
}

/** What may follow what. `running` may be left for `off` at once: the power can be cut, and a machine can switch itself off. */
const NEXT: Record<ServerStatus, readonly ServerStatus[]> = {
  initializing: ["starting", "running", "off", "deleting"],
  starting: ["running", "off", "deleting"],
  running: ["starting", "stopping", "off", "deleting"],
  stopping: ["off", "running", "starting", "deleting"],
  off: ["starting", "deleting"],
  deleting: [],
};

/** Moves a server to another status; a step that Hetzner's servers can't make is a `conflict`. */
export function moveTo(server: Server, status: ServerStatus): void {
  if (server.status === status) return;
  if (!NEXT[server.status].includes(status)) {
    throw conflict(`server ${server.name} is ${server.status} and can't become ${status}`);
  }
  server.status = status;
}

/** Whether the server is meant to have power: what a restart of the twin, or of Docker, brings back. */
export function hasPower({ status }: Server): boolean {
  return status === "initializing" || status === "starting" || status === "running";
}
