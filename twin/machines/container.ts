import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import type { ServerType } from "../catalogue";
import type { PublicNetwork, Server } from "../state";
import { RULES } from "../trap/trap";
import type { Names } from "./names";

const BOOT = readFileSync(join(__dirname, "boot.sh"), "utf8");

/** Where cloud-init finds its data: the link-local address of clouds, which the twin's rules turn to its own listener. */
const SEED = "http://169.254.169.254/nocloud/";

/**
 * What systemd, nftables, sandboxes and debuggers need beyond Docker's default set. Measured: with these a stock Debian 13
 * ends in state `running` without one failed unit. SYS_BOOT is left out: it would allow kexec on the host.
 */
const CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_NICE", "MKNOD", "AUDIT_CONTROL"];

/** Memory and CPU of a server type as Docker takes them; 0 is "no limit", where the computer has less than that. */
export function limits({ memory, cores }: ServerType): { Memory: number; MemorySwap: number; NanoCpus: number } {
  const bytes = memory * 2 ** 30;
  const Memory = bytes < totalmem() ? bytes : 0;
  return { Memory, MemorySwap: Memory, NanoCpus: cores < cpus().length ? cores * 1e9 : 0 };
}

/** The types of dockerode lack it. */
interface WithCgroupns extends HostConfig {
  readonly CgroupnsMode: "private";
}

/**
 * The container that is a server: everything that is decided when it is made.
 *
 * @param trapped whether its application may reach nobody, from its first start on
 */
export function containerOptions(
  server: Server,
  type: ServerType,
  network: PublicNetwork,
  names: Names,
  image: string,
  resolvers: readonly string[],
  trapped = false,
): ContainerCreateOptions {
  const address = server.ipv4?.ip ?? "";
  const host: WithCgroupns = {
    ...limits(type),
    NetworkMode: names.network,
    CgroupnsMode: "private",
    CapAdd: CAPABILITIES,
    SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
    // As `--security-opt systempaths=unconfined`: sandboxes mount /proc anew. boot.sh shuts /proc/sys again.
    MaskedPaths: [],
    ReadonlyPaths: [],
    // noexec on /run as on a Debian server, whose initramfs mounts it so.
    Tmpfs: { "/run": "rw,nosuid,nodev,noexec,mode=755", "/run/lock": "rw,nosuid,nodev,noexec,mode=1777" },
    LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
  };
  return {
    name: names.container(server.id),
    Image: image,
    Hostname: server.name,
    Labels: { "queuehost.twin": names.id, "queuehost.server": String(server.id) },
    Cmd: ["/bin/sh", "-c", BOOT],
    // systemd reports its progress to a console, which is how the twin tells a reboot from a power-off.
    Tty: true,
    StopSignal: "SIGRTMIN+3",
    Env: [
      "container=docker",
      `TWIN_GATEWAY=${network.gateway}`,
      `TWIN_ADDRESS6=${server.ipv6 ? server.ipv6.network.replace("::/64", "::1/64") : ""}`,
      `TWIN_GATEWAY6=${network.prefix6 ? `${network.prefix6}::1` : ""}`,
      `TWIN_RESOLVERS=${resolvers.join(" ")}`,
      `TWIN_SEED=${SEED}`,
      `TWIN_TRAP=${trapped ? RULES : ""}`,
    ],
    HostConfig: host,
    NetworkingConfig: { EndpointsConfig: { [names.network]: { IPAMConfig: { IPv4Address: address } } } },
  };
}
