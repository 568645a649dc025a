import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { byIdOrName, SERVER_TYPES } from "../../../twin/catalogue";
import { containerOptions, limits } from "../../../twin/machines/container";
import { names } from "../../../twin/machines/names";
import { nextAddress } from "../../../twin/machines/network";
import { resolvers } from "../../../twin/machines/resolvers";
import { emptyState, type PrimaryIp, type Server } from "../../../twin/state";

const NETWORK = { subnet: "198.18.7.0/24", gateway: "198.18.7.1", prefix6: "2001:db8:1" };
const type = (name: string) => {
  const found = byIdOrName(SERVER_TYPES, name);
  if (!found) throw new Error(name);
  return found;
};

describe("addresses", () => {
  test("go round, so that a server's isn't the next one's", () => {
    const state = emptyState();
    const take = () => {
      const ip = nextAddress(state, NETWORK);
      state.primaryIps.push({ ip } as PrimaryIp);
      return ip;
    };
    expect([take(), take(), take()]).toEqual(["198.18.7.2", "198.18.7.3", "198.18.7.4"]);
    state.primaryIps.pop();
    expect(take()).toBe("198.18.7.5");
  });

  test("are never given twice, and end", () => {
    const state = emptyState();
    const all = Array.from({ length: 253 }, () => {
      const ip = nextAddress(state, NETWORK);
      state.primaryIps.push({ ip } as PrimaryIp);
      return ip;
    });
    expect(new Set(all).size).toBe(253);
    expect(all).not.toContain("198.18.7.1");
    expect(() => nextAddress(state, NETWORK)).toThrow("all 253 addresses");
  });
});

describe("names", () => {
  test("differ from folder to folder, stay the same for one, and fit the kernel", () => {
    const [a, b] = [mkdtempSync(join(tmpdir(), "queuehost-a-")), mkdtempSync(join(tmpdir(), "queuehost-b-"))];
    expect(names(a).id).toBe(names(a).id);
    expect(names(a).id).not.toBe(names(b).id);
    expect(names(a).bridge.length).toBeLessThanOrEqual(15);
    expect(names(a).container(7)).toBe(`queuehost-${names(a).id}-7`);
    for (const folder of [a, b]) rmSync(folder, { recursive: true });
  });
});

describe("a container", () => {
  const server = {
    id: 4,
    name: "web",
    ipv4: { id: 5, ip: "198.18.7.2" },
    ipv6: { id: 6, network: "2001:db8:1:4::/64" },
  } as Server;
  const NAMES = {
    id: "abc123",
    network: "queuehost-abc123",
    bridge: "b",
    table: "t",
    label: "l",
    container: (id: number) => `c-${id}`,
    box: (id: number) => `b-${id}`,
  };
  const options = containerOptions(server, type("cx23"), NETWORK, NAMES, "image:1", ["192.0.2.53"]);

  test("is told its addresses, and where its data is", () => {
    expect(options.Env).toEqual([
      "container=docker",
      "TWIN_GATEWAY=198.18.7.1",
      "TWIN_ADDRESS6=2001:db8:1:4::1/64",
      "TWIN_GATEWAY6=2001:db8:1::1",
      "TWIN_RESOLVERS=192.0.2.53",
      "TWIN_SEED=http://169.254.169.254/nocloud/",
      "TWIN_TRAP=",
    ]);
  });

  test("has no more rights than systemd needs: not all, not the host's namespaces, not reboot or kexec", () => {
    const { HostConfig: host = {} } = options;
    expect(host.Privileged).toBeUndefined();
    expect(host.CapAdd).toEqual(["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_NICE", "MKNOD", "AUDIT_CONTROL"]);
    expect(host).toMatchObject({ CgroupnsMode: "private", NetworkMode: "queuehost-abc123" });
    expect([host.PidMode, host.IpcMode, host.Binds, host.Mounts, host.Devices]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(host.Tmpfs?.["/run"]).toContain("noexec");
  });

  test("has the memory of its type where the computer has as much", () => {
    expect(limits({ ...type("cx23"), memory: 0.5 }).Memory).toBe(2 ** 29);
    expect(limits({ ...type("ccx63"), memory: 1e6, cores: 1e6 })).toEqual({ Memory: 0, MemorySwap: 0, NanoCpus: 0 });
  });
});

describe("name servers", () => {
  const from = (...texts: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), "queuehost-resolv-"));
    try {
      return resolvers(
        texts.map((text, n) => {
          writeFileSync(join(folder, String(n)), text);
          return join(folder, String(n));
        }),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test("are the computer's, but for those that only it can reach", () => {
    expect(from("search x\nnameserver 192.0.2.1\nnameserver 127.0.0.1\nnameserver ::1\n")).toEqual(["192.0.2.1"]);
    expect(from("nameserver 127.0.0.53\n", "nameserver 192.0.2.9\n")).toEqual(["192.0.2.9"]);
    expect(from("nameserver 127.0.0.1\n")).toEqual([]);
    expect(resolvers(["/nonexistent"])).toEqual([]);
  });
});
