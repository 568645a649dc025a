import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerCreateOptions } from "dockerode";
import { pack } from "tar-stream";
import type { Names } from "../machines/names";
import type { PublicNetwork, StorageBox } from "../state";
import type { HostKey } from "./host-key";

const START = readFileSync(join(__dirname, "start.sh"), "utf8");

/** The container that is a Storage Box. Beyond Docker's own set it may set its address, and mount a storage of limited size. */
export function boxOptions(
  box: StorageBox,
  network: PublicNetwork,
  names: Names,
  image: string,
): ContainerCreateOptions {
  return {
    name: names.box(box.id),
    Image: image,
    Hostname: box.username,
    Labels: { "queuehost.twin": names.id, "queuehost.box": String(box.id) },
    Cmd: ["/bin/sh", "-c", START],
    StopSignal: "SIGTERM",
    Env: [`BOX_ADDRESS=${box.ip}`, `BOX_GATEWAY=${network.gateway}`, `BOX_USER=${box.username}`],
    HostConfig: {
      NetworkMode: names.network,
      CapAdd: ["NET_ADMIN", "SYS_ADMIN"],
      SecurityOpt: ["apparmor=unconfined"],
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
    NetworkingConfig: { EndpointsConfig: { [names.network]: { IPAMConfig: { IPv4Address: box.ip } } } },
  };
}

/** What the first start finds: the host key, and what the box was ordered with. An archive for the container's root. */
export function firstFiles(
  { username, password, sshKeys }: StorageBox,
  { privateKey }: HostKey,
): NodeJS.ReadableStream {
  const tar = pack();
  tar.entry({ name: "etc/ssh/ssh_host_ed25519_key", mode: 0o600 }, privateKey);
  tar.entry({ name: "root/first", type: "directory", mode: 0o700 });
  tar.entry({ name: "root/first/chpasswd", mode: 0o600 }, `${username}:${password}\n`);
  tar.entry({ name: "root/first/authorized_keys", mode: 0o600 }, sshKeys.map((key) => `${key}\n`).join(""));
  tar.finalize();
  return tar as unknown as NodeJS.ReadableStream;
}
