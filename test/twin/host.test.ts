import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { stopTwin } from "../../twin/client";
import { names } from "../../twin/machines/names";
import { differences, lookAtHost } from "./support/host";
import { useTwin } from "./support/twin";

/** Rules and interfaces are for root's eyes; without them half of the comparison would be missing. */
const root = process.getuid?.() === 0;

useTwin((twin) => {
  test.skipIf(!root)("a twin that comes and goes leaves the computer as it was", async () => {
    await stopTwin(twin.stateDir, { deleteServers: true });
    const before = lookAtHost();
    await twin.start();
    await twin.call("POST", "/ssh_keys", { name: "tests", public_key: twin.publicKey });
    const { id } = await twin.server("web");
    const { bridge, table, container } = names(twin.stateDir);
    const full = execFileSync("docker", ["inspect", "-f", "{{.Id}}", container(id)])
      .toString()
      .trim();
    // What is this twin's: others may work on this computer at the same time.
    const ours = new RegExp(`${bridge}|${table}|${full}|${full.slice(0, 12)}|${twin.stateDir}`);
    const during = differences(before, lookAtHost());
    for (const kind of ["cgroups", "firewall", "interfaces", "processes", "docker"] as const) {
      expect(
        during[kind].filter((line) => ours.test(line)),
        `${kind} while the twin runs`,
      ).not.toEqual([]);
    }
    await stopTwin(twin.stateDir, { deleteServers: true });
    const after = differences(before, lookAtHost());
    expect(
      Object.values(after)
        .flat()
        .filter((line) => ours.test(line)),
    ).toEqual([]);
    expect(after.sysctls).toEqual([]);
    await twin.start();
  });
});
