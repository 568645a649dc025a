import { key } from "../key";
import { kinds } from "../kinds";

/** The machine, and who reaches it. */
export const SERVER_KEYS = {
  "server.name": key({
    kind: kinds.hostName,
    optional: true,
    example: "queuehost-production",
    description: "Name of the server, its firewall and its key at Hetzner; queuehost-<stack> where it isn't set",
  }),
  "server.type": key({
    kind: kinds.serverTypes,
    default: "cx23",
    example: "cx23",
    description:
      "Hetzner server types in order of preference, separated by commas: the first to be had is taken and kept; cx23 is 2 shared vCPU, 4 GB",
  }),
  "server.location": key({
    kind: kinds.locations,
    default: "nbg1, fsn1, hel1",
    example: "nbg1, fsn1, hel1",
    description:
      "Hetzner locations in order of preference, separated by commas: the first that has the type is taken and kept",
  }),
  "server.protect": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Whether Pulumi and Hetzner refuse to delete the server",
  }),
  "server.keepAddress": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Whether its addresses are primary IPs of their own, which a new server gets when this one is gone",
  }),
  "server.backups": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Hetzner's own daily backups of the whole server, for a fifth of its price more",
  }),
  "server.image": key({
    kind: kinds.choice("debian-13"),
    default: "debian-13",
    example: "debian-13",
    description: "System image; what host/ does was made for Debian 13",
  }),
  "ssh.allowedFrom": key({
    kind: kinds.cidrs,
    example: "203.0.113.7/32",
    description: "Address ranges that reach port 22, separated by commas",
  }),
  "ssh.authorizedKeys": key({
    kind: kinds.publicKeys,
    optional: true,
    example: "ssh-ed25519 AAAA... anna@laptop",
    description:
      "Public keys of the people who log in as deploy, separated by commas; the deployment's own key is always there",
  }),
} as const;
