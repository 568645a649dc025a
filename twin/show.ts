import type * as catalogue from "./catalogue";
import { byIdOrName, IMAGES, LOCATIONS, SERVER_TYPES } from "./catalogue";
import { firewallsOf, serversOf } from "./firewall";
import type { Action, Firewall, PrimaryIp, RecordSet, Server, SshKey, State, Zone } from "./state";

/** How resources look in Hetzner's answers. */
export const FREE = { net: "0.0000000000", gross: "0.0000000000" };

/** When the twin's fixed things were made, as far as anybody asks. */
const EPOCH = "2025-08-13T00:00:00Z";

export const showLocation = (location: catalogue.Location) => ({ ...location });

export const showServerType = ({ cpu, locations, ...type }: catalogue.ServerType, { soldOut }: State) => ({
  ...type,
  description: type.name.toUpperCase(),
  category: cpu === "dedicated" ? "Dedicated vCPU" : "Shared vCPU",
  storage_type: "local",
  cpu_type: cpu,
  included_traffic: 0,
  deprecated: false,
  deprecation: null,
  prices: locations.map((location) => ({
    location,
    price_hourly: FREE,
    price_monthly: FREE,
    included_traffic: 0,
    price_per_tb_traffic: FREE,
  })),
  locations: locations.map((name) => ({
    id: byIdOrName(LOCATIONS, name)?.id,
    name,
    available: !soldOut.some(
      ({ server_type, location, listed }) => listed && server_type === type.name && location === name,
    ),
    recommended: true,
    deprecation: null,
  })),
});

export const showImage = ({ flavor, version, ...image }: catalogue.Image) => ({
  ...image,
  type: "system",
  status: "available",
  image_size: null,
  disk_size: 5,
  created: EPOCH,
  created_from: null,
  bound_to: null,
  os_flavor: flavor,
  os_version: version,
  rapid_deploy: true,
  protection: { delete: false },
  deprecated: null,
  deleted: null,
  labels: {},
});

export const showSshKey = ({ publicKey, ...key }: SshKey) => ({ ...key, public_key: publicKey });

export const showAction = (action: Action) => ({ ...action });

export const showFirewall = (firewall: Firewall, { servers }: State) => ({
  id: firewall.id,
  name: firewall.name,
  labels: firewall.labels,
  created: firewall.created,
  rules: firewall.rules.map((rule) => ({
    direction: rule.direction,
    protocol: rule.protocol,
    port: rule.port,
    source_ips: rule.sourceIps,
    destination_ips: rule.destinationIps,
    description: rule.description,
  })),
  applied_to: firewall.appliedTo.map((target) =>
    target.type === "server"
      ? { type: "server", server: { id: target.server } }
      : {
          type: "label_selector",
          label_selector: { selector: target.selector },
          applied_to_resources: serversOf({ ...firewall, appliedTo: [target] }, servers).map(({ id }) => ({
            type: "server",
            server: { id },
          })),
        },
  ),
});

export function found<T>(what: T | undefined): T {
  if (what === undefined) throw new Error("a resource names something that is not in the catalogue");
  return what;
}

export const showServer = (server: Server, state: State, locked: boolean) => ({
  id: server.id,
  name: server.name,
  status: server.status,
  created: server.created,
  public_net: {
    ipv4: server.ipv4 && {
      ...server.ipv4,
      blocked: false,
      dns_ptr: `static.${server.ipv4.ip.split(".").reverse().join(".")}.twin.invalid`,
    },
    ipv6: server.ipv6 && { id: server.ipv6.id, ip: server.ipv6.network, blocked: false, dns_ptr: [] },
    floating_ips: [],
    firewalls: firewallsOf(server, state).map(({ id }) => ({ id, status: "applied" })),
  },
  private_net: [],
  server_type: showServerType(found(byIdOrName(SERVER_TYPES, server.serverType)), state),
  location: showLocation(found(byIdOrName(LOCATIONS, server.location))),
  image: showImage(found(IMAGES.find(({ id }) => id === server.image))),
  iso: null,
  rescue_enabled: false,
  locked,
  backup_window: server.backupWindow ?? null,
  outgoing_traffic: 0,
  ingoing_traffic: 0,
  included_traffic: 0,
  primary_disk_size: server.primaryDiskSize,
  protection: { delete: server.protection, rebuild: server.protection },
  labels: server.labels,
  volumes: [],
  load_balancers: [],
  placement_group: null,
});

export const showPrimaryIp = ({ server, autoDelete, protection, location, ...ip }: PrimaryIp) => ({
  ...ip,
  assignee_id: server,
  assignee_type: "server",
  auto_delete: autoDelete,
  blocked: false,
  dns_ptr: [],
  protection: { delete: protection },
  location: showLocation(found(byIdOrName(LOCATIONS, location))),
});

const NAME_SERVERS = ["hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com.", "helium.ns.hetzner.de."];

export const showZone = ({ id, name, created, ttl, recordSets }: Zone) => ({
  id,
  name,
  created,
  ttl,
  mode: "primary",
  status: "ok",
  labels: {},
  protection: { delete: false },
  record_count: recordSets.reduce((count, { records }) => count + records.length, 0),
  registrar: "other",
  authoritative_nameservers: {
    assigned: NAME_SERVERS,
    delegated: [],
    delegation_last_check: null,
    delegation_status: "unknown",
  },
});

export const showRecordSet = ({ name, type, ...set }: RecordSet, { id }: Zone) => ({
  id: `${name}/${type}`,
  name,
  type,
  ...set,
  protection: { change: false },
  zone: id,
});
