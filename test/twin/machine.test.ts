import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { names } from "../../twin/machines/names";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

/** What the deployment installs or brings: on a new machine there must be none of it. */
const OURS = /^(redis|valkey|caddy|nodejs|node-|fail2ban|restic|unattended-upgrades|prometheus|docker|postgresql)/;

const USER_DATA = `#cloud-config
write_files:
  - path: /root/from-user-data
    content: "hello\\n"
runcmd:
  - [sh, -c, "echo ran >>/root/runs"]
`;

useTwin((twin) => {
  const made = { id: 0, ip: "", ip6: "" };
  const status = async () => (await twin.call("GET", `/servers/${made.id}`)).body.server.status;
  const bootId = () => twin.ssh(made.ip, "ps -o lstart= -p 1");
  const act = async (action: string) => {
    const { status, body } = await twin.call("POST", `/servers/${made.id}/actions/${action}`, {});
    expect(status, JSON.stringify(body)).toBe(201);
    await twin.done(body.action);
  };

  describe("a new server", () => {
    test("is announced as initializing, runs, and has executed its user data", async () => {
      const { body } = await twin.call("POST", "/servers", {
        name: "web",
        server_type: "cx23",
        image: "debian-13",
        location: "nbg1",
        ssh_keys: ["tests"],
        user_data: USER_DATA,
        labels: { role: "web" },
      });
      expect(body.server).toMatchObject({ name: "web", status: "initializing", locked: true, labels: { role: "web" } });
      expect(body.root_password).toBeNull();
      made.id = body.server.id;
      made.ip = body.server.public_net.ipv4.ip;
      made.ip6 = body.server.public_net.ipv6?.ip.replace("::/64", "::1") ?? "";
      await twin.done(body.action, ...body.next_actions);
      expect(await status()).toBe("running");
      await twin.booted(made.ip);
      expect(await twin.ssh(made.ip, "cat /root/from-user-data /root/runs")).toBe("hello\nran");
    });

    test("runs systemd without a failed unit, and is called what it is called", async () => {
      expect(
        await twin.ssh(made.ip, "systemctl is-system-running --wait; systemctl --failed --plain --no-legend; hostname"),
      ).toBe("running\nweb");
    });

    test("holds Debian's packages and nothing of ours", async () => {
      const packages = (await twin.ssh(made.ip, "dpkg-query -W | cut -f1")).split("\n");
      expect(packages).toEqual(
        expect.arrayContaining(["cloud-init", "openssh-server", "sudo", "nftables", "systemd-sysv"]),
      );
      expect(packages.filter((name) => OURS.test(name))).toEqual([]);
      const ours =
        "getent passwd app deploy debian; ls -A /root /opt /srv /usr/local/bin /usr/local/sbin /etc/queuehost 2>/dev/null | grep -i queuehost";
      expect(await twin.ssh(made.ip, `${ours} || true`)).toBe("");
      expect(await twin.ssh(made.ip, "nft list ruleset")).toBe("");
    });

    test("is told who it is on Hetzner's own paths, and nobody else is", async () => {
      const get = (path: string) => `curl -sS -m 3 http://169.254.169.254${path}`;
      expect(await twin.ssh(made.ip, get("/hetzner/v1/metadata/hostname"))).toBe("web");
      expect(await twin.ssh(made.ip, get("/hetzner/v1/metadata/public-ipv4"))).toBe(made.ip);
      expect(await twin.ssh(made.ip, get("/hetzner/v1/userdata"))).toBe(USER_DATA.trim());
      expect(
        await twin.ssh(
          made.ip,
          `${get("/hetzner/v1/metadata")} | python3 -c 'import yaml,sys; print(yaml.safe_load(sys.stdin)["instance-id"])'`,
        ),
      ).toBe(String(made.id));
      expect(await twin.ssh(made.ip, `curl -s -m 3 -o /dev/null -w '%{http_code}' http://169.254.169.254/latest`)).toBe(
        "404",
      );
    });

    test("can't change the kernel of the computer that it runs on", async () => {
      const before = execFileSync("cat", ["/proc/sys/vm/swappiness", "/proc/sys/kernel/panic"]).toString();
      const tried = await twin.ssh(
        made.ip,
        "sysctl -w vm.swappiness=1 kernel.panic=77 2>&1; sysctl -w net.core.somaxconn=511",
      );
      expect(tried.split("\n")).toEqual([
        'sysctl: permission denied on key "vm.swappiness"',
        'sysctl: permission denied on key "kernel.panic"',
        "net.core.somaxconn = 511",
      ]);
      expect(execFileSync("cat", ["/proc/sys/vm/swappiness", "/proc/sys/kernel/panic"]).toString()).toBe(before);
    });

    test("sandboxes services as a server does", async () => {
      const strict = [
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "ProtectProc=invisible",
        "PrivateUsers=yes",
        "PrivateDevices=yes",
        "ProtectKernelTunables=yes",
        "SystemCallFilter=@system-service",
        "MemoryMax=50M",
      ].map((property) => `-p ${property}`);
      const run = (properties: string, command: string) => `systemd-run -q --wait --pipe ${properties} ${command}`;
      expect(await twin.ssh(made.ip, run(strict.join(" "), "touch /etc/x 2>&1 || true"))).toContain(
        "Read-only file system",
      );
      expect(
        await twin.ssh(
          made.ip,
          `${run("-p MemoryMax=30M -p MemorySwapMax=0", "python3 -c 'bytearray(200<<20)'")}; echo $?`,
        ),
      ).not.toBe("0");
      const dial = "curl -s -m 2 http://169.254.169.254/hetzner/v1/metadata/hostname";
      expect(await twin.ssh(made.ip, `${run("-p IPAddressDeny=any", dial)} || echo denied`)).toBe("denied");
    });

    test.skipIf(!hasIpv6())("answers on the first address of its IPv6 network", async () => {
      expect(await twin.ssh(made.ip6, "hostname")).toBe("web");
    });
  });

  describe("power", () => {
    test("a reboot keeps the disk, and doesn't run the user data again", async () => {
      const before = await bootId();
      await act("reboot");
      await twin.booted(made.ip);
      expect(await bootId()).not.toBe(before);
      expect(await twin.ssh(made.ip, "cat /root/from-user-data /root/runs")).toBe("hello\nran");
    });

    test("a reboot from inside comes back; a machine that switches itself off stays off", async () => {
      const before = await bootId();
      await twin.ssh(made.ip, "reboot").catch(() => undefined);
      await waitFor("the reboot", async () => (await bootId()) !== before, 30);
      await twin.ssh(made.ip, "poweroff").catch(() => undefined);
      await waitFor("status off", async () => (await status()) === "off", 30);
      const { status: code, body } = await twin.call("POST", `/servers/${made.id}/actions/reboot`, {});
      expect({ code, error: body.error.code }).toEqual({ code: 409, error: "conflict" });
      await act("poweron");
      await twin.booted(made.ip);
    });

    test("one action at a time: a second one finds the server locked", async () => {
      const first = await twin.call("POST", `/servers/${made.id}/actions/reset`, {});
      const second = await twin.call("POST", `/servers/${made.id}/actions/poweroff`, {});
      const deleted = await twin.call("DELETE", `/servers/${made.id}`);
      expect([second.status, second.body.error.code, deleted.body.error.code]).toEqual([423, "locked", "locked"]);
      await twin.done(first.body.action);
      await act("poweroff");
      expect(await status()).toBe("off");
    });

    const change = (server_type: string, upgrade_disk = false) =>
      twin.call("POST", `/servers/${made.id}/actions/change_type`, { server_type, upgrade_disk });
    const memory = () =>
      twin.ssh(
        made.ip,
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true",
      );

    test("another type gives other limits, and the server starts with it; the disk stays", async () => {
      await twin.sellOut({ server_type: "cx33", location: "nbg1" });
      expect((await change("cx33")).body.error.code).toBe("resource_unavailable");
      await twin.sellOut();
      const { body } = await change("cx33");
      expect(body.action.command).toBe("change_server_type");
      expect((await twin.call("GET", `/servers/${made.id}`)).body.server.locked).toBe(true);
      await twin.done(body.action);
      await twin.booted(made.ip);
      expect(await memory()).toBe(String(8 * 2 ** 30));
      expect(await twin.ssh(made.ip, "cat /root/from-user-data")).toBe("hello");
      expect((await change("cx43")).body.error.code).toBe("server_not_stopped");
    });

    test("a smaller type can be had again, unless the disk has grown", async () => {
      await act("poweroff");
      await twin.done((await change("cx23")).body.action);
      await act("poweroff");
      await twin.done((await change("cx33", true)).body.action);
      await act("poweroff");
      expect((await change("cx23")).body.error.code).toBe("invalid_server_type");
      await act("poweron");
    });
  });

  describe("the end", () => {
    test("a protected server stays; a deleted one is gone without a trace", async () => {
      const protect = (on: boolean) =>
        twin.call("POST", `/servers/${made.id}/actions/change_protection`, { delete: on, rebuild: on });
      await twin.done((await protect(true)).body.action);
      expect((await twin.call("DELETE", `/servers/${made.id}`)).body.error.code).toBe("protected");
      await twin.done((await protect(false)).body.action);
      const { body } = await twin.call("DELETE", `/servers/${made.id}`);
      await twin.done(body.action);
      expect((await twin.call("GET", `/servers/${made.id}`)).status).toBe(404);
      const left = ["ps", "-aq", "--filter", `label=queuehost.twin=${names(twin.stateDir).id}`];
      expect(execFileSync("docker", left).toString()).toBe("");
    });
  });
});

function hasIpv6(): boolean {
  try {
    return execFileSync("cat", ["/proc/net/if_inet6"]).length > 0;
  } catch {
    return false;
  }
}
