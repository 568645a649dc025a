import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { table } from "../../scripts/commands/verify";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { CHANGES, unchanged } from "./changes";
import { FAULTS } from "./faults";

describe.skipIf(LACKS_ENGINE)("a deployment", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.make("deploy");
  });
  afterAll(() => deployment?.end());

  test("goes up from nothing, and everything is as it should be", async () => {
    const steps = await deployment.up();
    expect(steps).toContain("create server");
    const checks = await deployment.verify();
    expect(
      checks.filter(({ ok }) => !ok),
      table(checks),
    ).toEqual([]);
  });

  test("changes nothing the second time, and opens no SSH connection", async () => {
    const accepted = "journalctl -u ssh -o cat | grep -c 'Accepted publickey'";
    const before = Number(await deployment.onServer(accepted));
    expect(await deployment.up()).toEqual([]);
    // This look at the journal is a connection of its own.
    expect(Number(await deployment.onServer(accepted))).toBe(before + 1);
  });

  test("keeps no secret in clear in its state", async () => {
    const state = deployment.stateFile();
    const password = await deployment.pulumi.config("redis.password");
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    for (const secret of [password, deployment.rehearsal.token, "PRIVATE KEY", "REDIS_PASSWORD"])
      expect(state).not.toContain(secret);
    // A bundle is packed: what is in it wouldn't be found by its words.
    const commands = resourcesOf(state).filter(({ type }) => type.startsWith("command:"));
    expect(commands.length).toBeGreaterThan(8);
    for (const { urn, inputs, outputs } of commands)
      for (const [name, value] of [...Object.entries(inputs), ...Object.entries(outputs)])
        if (["stdin", "stdout", "stderr"].includes(name))
          expect(value, `${name} of ${urn}`).toHaveProperty("ciphertext");
  });

  test("applies one changed setting to its concern alone", async () => {
    await deployment.pulumi.configure({ "queuehost:redis.maxmemory": "200mb" }, {});
    expect(await deployment.up()).toEqual(["update redis"]);
    expect(await deployment.red()).toEqual([]);
    expect((await deployment.verify()).map(({ seen }) => seen).join("\n")).toContain(String(200 * 1024 * 1024));
  });

  test("would keep its server whatever key of the configuration changes", async () => {
    expect(unchanged()).toEqual([]);
    const before = deployment.readConfig();
    const { "redis.password": password, ...plain } = CHANGES;
    const named = Object.entries(plain).map(([key, value]) => [`queuehost:${key}`, value]);
    await deployment.pulumi.configure(Object.fromEntries(named), { "queuehost:redis.password": password });
    try {
      const { steps } = JSON.parse(await deployment.pulumi.read(["preview", "--json"])) as {
        steps: { op: string; urn: string }[];
      };
      const ofServer = steps.filter(({ urn }) => urn.includes("queuehost:server:Server"));
      expect(ofServer.filter(({ op }) => !["same", "update"].includes(op))).toEqual([]);
      expect(steps.filter(({ op }) => op === "update").length).toBeGreaterThan(6);
    } finally {
      deployment.writeConfig(before);
    }
  });

  test.each(FAULTS)("verification turns red when $name", async ({ make, mend, red }) => {
    await make(deployment);
    const seen = await deployment.red().finally(() => mend(deployment));
    expect(seen.sort()).toEqual([...red].sort());
    expect(await deployment.red()).toEqual([]);
  });

  test("leaves nothing behind when it is destroyed", async () => {
    await deployment.pulumi.read(["destroy", "--yes", "--skip-preview"]);
    const left = await Promise.all(
      ["servers", "firewalls", "ssh_keys"].map(async (kind) =>
        deployment.api<Record<string, unknown[]>>(`/${kind}`).then((answer) => answer[kind]),
      ),
    );
    expect(left).toEqual([[], [], []]);
  });
});

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly inputs: object;
  readonly outputs: object;
}

function resourcesOf(state: string): Resource[] {
  const resources: Partial<Resource>[] = JSON.parse(state).checkpoint.latest.resources;
  return resources.map(({ urn = "", type = "", inputs = {}, outputs = {} }) => ({ urn, type, inputs, outputs }));
}
