import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { useTwin } from "./support/twin";

const run = promisify(execFile);

/** What dialling a port from this computer comes to. */
function dial(host: string, port: number): Promise<"open" | "refused" | "silence"> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: 1_500 });
    const end = (result: "open" | "refused" | "silence") => {
      socket.destroy();
      settle(result);
    };
    socket.once("connect", () => end("open"));
    socket.once("timeout", () => end("silence"));
    socket.once("error", () => end("refused"));
  });
}

const ANY = ["0.0.0.0/0", "::/0"];
const SSH = { direction: "in", protocol: "tcp", port: "22", source_ips: ANY };

/** A command that waits until the machine listens on a port; fails after three seconds. */
const LISTENS = (port: string) =>
  `for i in $(seq 30); do ss -ltn | grep -q ':${port} ' && exit 0; sleep 0.1; done; echo nobody listens on ${port} >&2; exit 1`;

useTwin((twin) => {
  let first = { id: 0, ip: "", ip6: "" };
  let second = { id: 0, ip: "", ip6: "" };
  let firewall = 0;
  const setRules = async (...rules: object[]) =>
    twin.done(...(await twin.call("POST", `/firewalls/${firewall}/actions/set_rules`, { rules })).body.actions);
  /** The same from inside a machine. */
  const dialFrom = (from: string, host: string, port: number) =>
    twin.ssh(
      from,
      `python3 -c 'import socket as s
try: s.create_connection(("${host}", ${port}), 1.5); print("open")
except TimeoutError: print("silence")
except OSError: print("refused")'`,
    );

  beforeAll(async () => {
    const { body } = await twin.call("POST", "/firewalls", { name: "fw", rules: [SSH] });
    firewall = body.firewall.id;
    // Both at once: they are as long on their way as one.
    [first, second] = await Promise.all([
      twin.server("first", { firewalls: [{ firewall }], labels: { role: "web" } }),
      twin.server("second"),
    ]);
    const listen = "systemd-run -q python3 -m http.server --bind :: 8080";
    await Promise.all([first, second].map(({ ip }) => twin.ssh(ip, `${listen}; ${LISTENS("8080")}`)));
  });

  describe("incoming", () => {
    test("a port that listens and isn't named is silent from the host and from another machine", async () => {
      expect(await twin.ssh(first.ip, "ss -ltn 'sport = :8080' | grep -c LISTEN")).toBe("1");
      expect(await dial(first.ip, 22)).toBe("open");
      expect(await dial(first.ip, 8080)).toBe("silence");
      expect(await dialFrom(second.ip, first.ip, 22)).toBe("open");
      expect(await dialFrom(second.ip, first.ip, 8080)).toBe("silence");
      expect(await twin.ssh(second.ip, `ping -c 1 -W 1 ${first.ip} >/dev/null && echo answer || echo silence`)).toBe(
        "silence",
      );
    });

    test("the same over IPv6", async ({ skip }) => {
      if (first.ip6 === "") skip("this computer has no IPv6");
      expect(await dial(first.ip6, 22)).toBe("open");
      expect(await dial(first.ip6, 8080)).toBe("silence");
      expect(await dial(second.ip6, 8080)).toBe("open");
    });

    test("a server without a firewall is open to all, and says no where nobody listens", async () => {
      expect(await dial(second.ip, 8080)).toBe("open");
      expect(await dial(second.ip, 8081)).toBe("refused");
      expect(await dialFrom(first.ip, second.ip, 8080)).toBe("open");
    });

    test("new rules open and shut at once, by port and by source", async () => {
      await setRules(SSH, { direction: "in", protocol: "tcp", port: "8000-9000", source_ips: [`${second.ip}/32`] });
      expect(await dial(first.ip, 8080)).toBe("silence");
      expect(await dialFrom(second.ip, first.ip, 8080)).toBe("open");
      await setRules(SSH, { direction: "in", protocol: "icmp", source_ips: ANY });
      expect(await dialFrom(second.ip, first.ip, 8080)).toBe("silence");
      expect(await twin.ssh(second.ip, `ping -c 1 -W 1 ${first.ip} >/dev/null && echo answer`)).toBe("answer");
    });

    test("two machines that flush their own rules, and add routes past the gateway, get no further", async () => {
      const route = (verb: string) =>
        Promise.all([
          twin.ssh(second.ip, `nft flush ruleset; ip route ${verb} ${first.ip} dev eth0`),
          twin.ssh(first.ip, `nft flush ruleset; ip route ${verb} ${second.ip} dev eth0`),
        ]);
      await route("add");
      expect(await dialFrom(second.ip, first.ip, 8080)).not.toBe("open");
      await route("del");
      expect(await dialFrom(second.ip, first.ip, 22)).toBe("open");
    });
  });

  describe("outgoing", () => {
    test("mail ports are blocked, whatever the rules say", async () => {
      for (const port of ["25", "465", "587"]) {
        await twin.ssh(second.ip, `systemd-run -q python3 -m http.server ${port}; ${LISTENS(port)}`);
      }
      expect(await dialFrom(first.ip, second.ip, 25)).toBe("silence");
      expect(await dialFrom(first.ip, second.ip, 465)).toBe("silence");
      expect(await dialFrom(first.ip, second.ip, 587)).toBe("open");
    });

    test("without a rule all of it is open; with one, only what it names", async () => {
      expect(await dialFrom(first.ip, second.ip, 8080)).toBe("open");
      await setRules(SSH, { direction: "out", protocol: "tcp", port: "22", destination_ips: ANY });
      expect(await dialFrom(first.ip, second.ip, 22)).toBe("open");
      expect(await dialFrom(first.ip, second.ip, 8080)).toBe("silence");
      // Answers to what was let in, and the metadata address, are no new connections.
      expect(await twin.ssh(first.ip, "curl -s -m 2 http://169.254.169.254/hetzner/v1/metadata/hostname")).toBe(
        "first",
      );
      await setRules(SSH);
    });

    test("nobody sends under another machine's address", async () => {
      await twin.ssh(first.ip, `ip addr add ${second.ip.replace(/\d+$/, "250")}/32 dev eth0`);
      const forged = `curl -s -m 1.5 --interface ${second.ip.replace(/\d+$/, "250")} http://${second.ip}:8080/ >/dev/null && echo open || echo silence`;
      expect(await twin.ssh(first.ip, forged)).toBe("silence");
    });
  });

  describe("what a firewall is applied to", () => {
    test("taken away from a server, it filters it no more; in use, it can't be deleted", async () => {
      expect((await twin.call("DELETE", `/firewalls/${firewall}`)).body.error.code).toBe("resource_in_use");
      const resources = [{ type: "server", server: { id: first.id } }];
      const removed = await twin.call("POST", `/firewalls/${firewall}/actions/remove_from_resources`, {
        remove_from: resources,
      });
      await twin.done(...removed.body.actions);
      expect(await dial(first.ip, 8080)).toBe("open");
      const { body } = await twin.call("GET", `/servers/${first.id}`);
      expect(body.server.public_net.firewalls).toEqual([]);
    });

    test("a label selector finds servers that have the label, and those that get it", async () => {
      const apply_to = [{ type: "label_selector", label_selector: { selector: "role=web" } }];
      const { body } = await twin.call("POST", `/firewalls/${firewall}/actions/apply_to_resources`, { apply_to });
      await twin.done(...body.actions);
      expect(await dial(first.ip, 8080)).toBe("silence");
      expect(await dial(second.ip, 8080)).toBe("open");
      await twin.call("PUT", `/servers/${second.id}`, { labels: { role: "web" } });
      expect(await dial(second.ip, 8080)).toBe("silence");
      const shown = (await twin.call("GET", `/firewalls/${firewall}`)).body.firewall.applied_to;
      const ids = shown[0].applied_to_resources.map(({ server }: { server: { id: number } }) => server.id);
      expect(ids.toSorted()).toEqual([first.id, second.id].toSorted());
    });
  });

  test("the host's own tools can read the rules", async ({ skip }) => {
    if (process.getuid?.() !== 0) skip("only root may");
    const { stdout } = await run("nft", ["list", "tables"]).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return skip("no nft on this computer");
      throw error;
    });
    expect(stdout).toContain("table inet queuehost_");
  });
});
