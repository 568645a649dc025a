import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRunning } from "../../scripts/lib/process.cjs";
import { startTwin, stopLostTwin, stopTwin } from "../../twin/client";
import { names } from "../../twin/machines/names";
import { waitFor } from "../support/wait-for";
import { EngineProxy } from "./support/engine-proxy";
import { useTwin } from "./support/twin";

const quiet = () => undefined;

/** Docker by its own way: this process serves the proxy, and can't while it waits for a program. */
const docker = (...args: string[]) => execFileSync("docker", ["-H", "unix:///var/run/docker.sock", ...args]).toString();

const proxy = new EngineProxy(join(mkdtempSync(join(tmpdir(), "queuehost-engine-")), "docker.sock"));

beforeAll(async () => {
  await proxy.open();
  process.env.DOCKER_HOST = `unix://${proxy.path}`;
});
afterAll(async () => {
  delete process.env.DOCKER_HOST;
  await proxy.close();
});

useTwin((twin) => {
  let server = { id: 0, ip: "", ip6: "" };
  const container = () => names(twin.stateDir).container(server.id);
  const started = () => twin.ssh(server.ip, "ps -o lstart= -p 1");
  const request = (name: string) =>
    twin.call("POST", "/servers", {
      name,
      server_type: "cx23",
      image: "debian-13",
      location: "nbg1",
      ssh_keys: ["tests"],
    });

  describe("the twin's own process", () => {
    test("a twin that runs is found, not started twice", async () => {
      const { pid } = twin.running;
      expect((await twin.start()).pid).toBe(pid);
    });

    test("servers, keys, firewalls and what is sold out are there after a restart; machines haven't noticed", async () => {
      await twin.sellOut({ server_type: "cx53", location: "hel1" });
      const firewall = (await twin.call("POST", "/firewalls", { name: "fw", rules: [] })).body.firewall.id;
      server = await twin.server("web", { labels: { kept: "yes" } });
      const boot = await started();
      const { pid } = twin.running;
      await stopTwin(twin.stateDir, { deleteServers: false });
      expect(isRunning(pid)).toBe(false);
      expect(await started()).toBe(boot);
      expect((await twin.start()).pid).not.toBe(pid);
      expect((await twin.call("GET", `/servers/${server.id}`)).body.server).toMatchObject({
        status: "running",
        labels: { kept: "yes" },
      });
      expect((await twin.call("GET", "/ssh_keys")).body.ssh_keys).toHaveLength(1);
      expect((await twin.call("GET", `/firewalls/${firewall}`)).body.firewall.name).toBe("fw");
      const { locations } = (await twin.call("GET", "/server_types?name=cx53")).body.server_types[0];
      expect(locations.find(({ name }: { name: string }) => name === "hel1").available).toBe(false);
      expect(await started()).toBe(boot);
      // The metadata service has another port now; the machine must not care.
      expect(await twin.ssh(server.ip, "curl -s -m 2 http://169.254.169.254/hetzner/v1/metadata/hostname")).toBe("web");
    });

    test("killed in the middle of making a server, it finishes it at the next start", async () => {
      const { body } = await request("torn");
      process.kill(twin.running.pid, "SIGKILL");
      await waitFor("the end of the twin", async () => !isRunning(twin.running.pid), 30);
      await twin.start();
      await twin.done(body.action, ...body.next_actions);
      await twin.booted(body.server.public_net.ipv4.ip);
      const again = await request("torn");
      expect(again.body.error.code).toBe("uniqueness_error");
      await twin.done((await twin.call("DELETE", `/servers/${body.server.id}`)).body.action);
    });

    test("a port that another program has is named in one line", async () => {
      const other = createServer();
      await new Promise<void>((settle) => other.listen(0, "127.0.0.1", settle));
      const address = other.address();
      const port = typeof address === "object" && address ? address.port : 0;
      const stateDir = mkdtempSync(join(tmpdir(), "queuehost-twin-"));
      const start = startTwin({ stateDir, port, token: "t", report: quiet });
      await expect(start).rejects.toThrow(
        new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is in use by another program: [^\\n]+$`),
      );
      other.close();
      rmSync(stateDir, { recursive: true });
    });

    test("two twins on one computer have nothing in common, and the end of one is not the other's", async () => {
      const stateDir = mkdtempSync(join(tmpdir(), "queuehost-twin-"));
      try {
        const second = await startTwin({ stateDir, port: 0, token: "second", report: quiet });
        expect(second.operatorAddress).not.toBe(twin.running.operatorAddress);
        const answer = await fetch(`${second.endpoint}/servers`, { headers: { authorization: "Bearer second" } });
        expect(((await answer.json()) as { servers: unknown[] }).servers).toEqual([]);
      } finally {
        await stopTwin(stateDir, { deleteServers: true });
        rmSync(stateDir, { recursive: true });
      }
      expect(await twin.ssh(server.ip, "hostname")).toBe("web");
    });
  });

  describe("Docker", () => {
    test("away, it is missed by name; the twin lives, and brings its machines back with it", async () => {
      await twin.ssh(server.ip, "echo kept >/root/disk && sync");
      await proxy.close();
      // An engine that stops takes its machines with it.
      docker("kill", container());
      try {
        const refused = await request("late");
        expect(refused).toMatchObject({ status: 503, body: { error: { code: "service_error" } } });
        expect(refused.body.error.message).toMatch(/Docker.*no engine runs/);
        const listed = await twin.call("GET", "/servers");
        expect(listed.body.servers.map(({ name }: { name: string }) => name)).toEqual(["web"]);
      } finally {
        await proxy.open();
      }
      await waitFor("the machine", async () => (await twin.ssh(server.ip, "cat /root/disk")) === "kept", 30);
      const made = await request("late");
      await twin.done(made.body.action, ...made.body.next_actions);
    });

    test("a machine that somebody kills gets its power back", async () => {
      const boot = await started();
      docker("kill", container());
      await waitFor("the machine", async () => (await started()) !== boot, 30);
    });

    test("machines that the state doesn't know, and helpers of a killed twin, are removed at the start", async () => {
      const image = docker("inspect", "-f", "{{.Image}}", container()).trim();
      await stopTwin(twin.stateDir, { deleteServers: false });
      docker("create", "--label", names(twin.stateDir).label, "--label", "queuehost.helper=1", image, "true");
      rmSync(join(twin.stateDir, "state.json"));
      await twin.start();
      expect(
        docker(
          "ps",
          "-a",
          "--format",
          "{{.Names}} {{.Command}} {{.Status}}",
          "--filter",
          `label=${names(twin.stateDir).label}`,
        ),
      ).toBe("");
    });
  });
});

test("a twin whose folder was deleted ends, and its network can still be taken away", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "queuehost-twin-"));
  const { pid } = await startTwin({ stateDir, port: 0, token: "a".repeat(64), report: quiet });
  const network = names(stateDir).network;
  rmSync(stateDir, { recursive: true });
  await waitFor("the twin to end", async () => !isRunning(pid), 10);
  expect(docker("network", "ls", "-q", "-f", `name=${network}`)).not.toBe("");
  try {
    expect(await stopLostTwin(stateDir, quiet)).toBe(true);
    expect(docker("network", "ls", "-q", "-f", `name=${network}`)).toBe("");
    rmSync(stateDir, { recursive: true });
    expect(await stopLostTwin(stateDir, quiet)).toBe(false);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});
