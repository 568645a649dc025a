import fastify, { type FastifyInstance } from "fastify";
import { byIdOrName, LOCATIONS } from "./catalogue";
import type { Server } from "./state";
import type { Twin } from "./twin";

/** JSON is YAML: no writer of our own is needed. */
const yaml = (value: unknown) => JSON.stringify(value, null, 2);

const instance = (server: Server) => ({
  "instance-id": server.id,
  hostname: server.name,
  "public-ipv4": server.ipv4?.ip ?? "",
  "local-ipv4": "",
  region: byIdOrName(LOCATIONS, server.location)?.network_zone ?? "",
  "availability-zone": `${server.location}-dc0`,
  "public-keys": server.sshKeys,
});

/** What Hetzner tells cloud-init itself: here, the root password where no key was given. */
const vendorData = ({ rootPassword }: Server) =>
  rootPassword === null
    ? ""
    : `#cloud-config\n${yaml({
        ssh_pwauth: true,
        chpasswd: { expire: true, users: [{ name: "root", password: rootPassword, type: "text" }] },
      })}\n`;

const PLAIN: Record<string, (server: Server) => string> = {
  // Hetzner's own tree.
  "/hetzner/v1/metadata": (server) => yaml({ ...instance(server), vendor_data: vendorData(server) }),
  ...Object.fromEntries(
    (["instance-id", "hostname", "public-ipv4", "local-ipv4", "region", "availability-zone"] as const).map((key) => [
      `/hetzner/v1/metadata/${key}`,
      (server: Server) => String(instance(server)[key]),
    ]),
  ),
  "/hetzner/v1/metadata/public-keys": ({ sshKeys }) => yaml(sshKeys),
  "/hetzner/v1/metadata/private-networks": () => "[]",
  "/hetzner/v1/userdata": ({ userData }) => userData,
  // cloud-init's NoCloud, which needs no DMI table to be found.
  "/nocloud/meta-data": (server) =>
    yaml({ "instance-id": String(server.id), "local-hostname": server.name, "public-keys": server.sshKeys }),
  "/nocloud/user-data": ({ userData }) => userData,
  "/nocloud/vendor-data": vendorData,
  // The network is there before the machine starts; a 404 here would be tried again for ten seconds.
  "/nocloud/network-config": () => yaml({ version: 2, ethernets: {} }),
};

/** The metadata service that machines see at http://169.254.169.254: who asks is told by the address it asks from. */
export function metadata(twin: Twin): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  for (const [path, answer] of Object.entries(PLAIN)) {
    app.get(path, async ({ ip }, reply) => {
      const server = twin.state.servers.find(({ ipv4 }) => ipv4?.ip === ip);
      if (!server) return reply.code(404).send("no server has your address\n");
      return reply.type("text/plain; charset=utf-8").send(answer(server));
    });
  }
  return app;
}
