import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Backups } from "./components/backups";
import { Host } from "./components/host";
import { Network } from "./components/network";
import { ReverseProxy } from "./components/proxy";
import { Redis } from "./components/redis";
import { prepareRelease, Release } from "./components/release";
import { Server } from "./components/server";
import { assertOnOffer } from "./config/catalogue";
import { loadConfig } from "./config/load";
import { OPERATOR } from "./remote/connection";
import { verification } from "./verification";

const ROOT = join(__dirname, "..");

/** The whole deployment, in order. What it returns are the stack's outputs. */
export = async () => {
  const settings = loadConfig();
  const name = settings["server.name"];
  const labels = { "managed-by": "queuehost", stack: settings.stack };
  await assertOnOffer(settings);
  const prepared = await prepareRelease(settings, join(ROOT, "app"), join(ROOT, ".queuehost"));

  const network = new Network("network", { name, labels, sshAllowedFrom: settings["ssh.allowedFrom"] });
  const server = new Server("server", {
    name,
    labels,
    type: settings["server.type"],
    location: settings["server.location"],
    image: settings["server.image"],
    firewallId: network.firewallId,
  });
  const host = new Host("host", {
    server,
    authorizedKeys: settings["ssh.authorizedKeys"] ?? [],
    sshAllowedFrom: settings["ssh.allowedFrom"],
  });
  const redis = new Redis("redis", { settings, server, host });
  const release = new Release("release", { settings, server, prepared, after: [redis.ready] });
  new ReverseProxy("proxy", { server, host });
  new Backups("backups", { settings, server, redis });
  const url = pulumi.interpolate`http://${server.ipv4}`;
  return {
    ipv4: server.ipv4,
    ipv6: server.ipv6,
    url,
    sshCommand: pulumi.interpolate`ssh ${OPERATOR}@${server.ipv4}`,
    // For ~/.ssh/known_hosts: no first connection has to trust what it is shown.
    knownHosts: server.knownHosts,
    releaseId: release.releaseId,
    verification: verification({ settings, network, server, release, url }),
  };
};
