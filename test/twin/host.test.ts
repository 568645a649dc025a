import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stopTwin } from "../../twin/client";
import { names } from "../../twin/machines/names";
import { differences, type HostView, lookAtHost, othersThan } from "./support/host";
import { useTwin } from "./support/twin";

/** Rules and interfaces are for root's eyes; without them half of the comparison would be missing. */
const root = process.getuid?.() === 0;

/** All that is started from here inherits it, however far it goes. */
const mark = `QUEUEHOST_TEST_MARK=${randomUUID()}`;

beforeAll(() => {
  process.env.QUEUEHOST_TEST_MARK = mark.split("=")[1];
});
afterAll(() => {
  delete process.env.QUEUEHOST_TEST_MARK;
});

const KINDS = ["cgroups", "firewall", "interfaces", "processes", "docker"] as const;

useTwin((twin) => {
  test.skipIf(!root)("a twin that comes and goes leaves the computer as it was", async () => {
    await stopTwin(twin.stateDir, { deleteServers: true });
    const { id: own, bridge, table, container } = names(twin.stateDir);
    const since = Math.floor(Date.now() / 1000);
    const before = lookAtHost(mark);
    /** What has changed, and is not another twin's. */
    const changes = () => {
      const changed = differences(before, lookAtHost(mark));
      const isOthers = othersThan(own, since);
      const kept = Object.entries(changed).map(([kind, lines]) => [kind, lines.filter((line) => !isOthers(line))]);
      return Object.fromEntries(kept) as Record<keyof HostView, string[]>;
    };
    await twin.start();
    await twin.call("POST", "/ssh_keys", { name: "tests", public_key: twin.publicKey });
    const { id } = await twin.server("web");
    const inspect = ["inspect", "-f", "{{.Id}}", container(id)];
    const full = execFileSync("docker", inspect).toString().trim();
    const ours = new RegExp(`${bridge}|${table}|${full}|${twin.stateDir}`);
    const during = changes();
    for (const kind of KINDS) {
      const seen = during[kind].filter((line) => ours.test(line));
      expect(seen, `${kind} while the twin runs`).not.toEqual([]);
    }
    await stopTwin(twin.stateDir, { deleteServers: true });
    // Others' interfaces and helpers that are on their way out belong to nobody for a moment.
    await expect
      .poll(changes, { timeout: 15_000, interval: 500 })
      .toEqual({ sysctls: [], cgroups: [], firewall: [], interfaces: [], processes: [], docker: [] });
    await twin.start();
  });
});
