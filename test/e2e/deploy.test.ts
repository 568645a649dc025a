import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { table } from "../../scripts/commands/verify";
import { run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { APPS, type AppName } from "./apps";
import { CHANGES, CONCERNS, unchanged } from "./changes";
import { roundsOf, tryRound, UNTURNED } from "./faults";

describe.skipIf(LACKS_ENGINE)("two applications, a stack each in one project", () => {
  let deployments: Readonly<Record<AppName, Deployment>>;

  beforeAll(async () => {
    const reference = await Deployment.make("deploy");
    // Before anything can go wrong with the second: both end with the first.
    deployments = { reference, shop: reference };
    const shop = await reference.beside("shop");
    await shop.configure(APPS.shop.plain, APPS.shop.secrets);
    deployments = { reference, shop };
  });
  afterAll(() => deployments?.reference.end());

  /** Does it to both at the same time, and gives what came of it by their names. */
  const both = async <T>(work: (deployment: Deployment, app: AppName) => Promise<T>): Promise<Record<AppName, T>> => {
    const done = ([app, deployment]: [AppName, Deployment]) => work(deployment, app).then((result) => [app, result]);
    return Object.fromEntries(await settled((Object.entries(deployments) as [AppName, Deployment][]).map(done)));
  };
  const alike = <T>(result: T) => ({ reference: result, shop: result });

  test("go up from nothing, and everything is as it should be", async () => {
    const steps = await both((deployment) => deployment.up());
    for (const made of Object.values(steps)) expect(made).toContain("create queuehost-server");
    const checks = (await settled(Object.values(deployments).map((deployment) => deployment.verify()))).flat();
    expect(
      checks.filter(({ ok }) => !ok),
      table(checks),
    ).toEqual([]);
  });

  test("change nothing the second time, and open no SSH connection", async () => {
    const accepted = (deployment: Deployment) =>
      deployment.onServer("journalctl -u ssh -o cat | grep -c 'Accepted publickey'").then(Number);
    const before = await both(accepted);
    expect(await both((deployment) => deployment.up())).toEqual(alike([]));
    // This look at the journal is a connection of its own.
    expect(await both(accepted)).toEqual({ reference: before.reference + 1, shop: before.shop + 1 });
  });

  test("keep no secret in clear in their state", async () => {
    await both(async (deployment, app) => {
      const state = deployment.stateFile();
      const password = await deployment.pulumi.config("redis.password");
      expect(password).toMatch(/^[0-9a-f]{48}$/);
      const secrets = [password, deployment.rehearsal.token, ...Object.values<string>(APPS[app].secrets)];
      for (const secret of [...secrets, "PRIVATE KEY", "REDIS_PASSWORD"]) expect(state).not.toContain(secret);
      // A bundle is packed: what is in it wouldn't be found by its words.
      const commands = resourcesOf(state).filter(({ type }) => type.startsWith("command:"));
      expect(commands.length).toBeGreaterThan(8);
      for (const { urn, inputs, outputs } of commands)
        for (const [name, value] of [...Object.entries(inputs), ...Object.entries(outputs)])
          if (["stdin", "stdout", "stderr"].includes(name))
            expect(value, `${name} of ${urn}`).toHaveProperty("ciphertext");
    });
  });

  test("apply one changed setting to its concern alone", async () => {
    await both((deployment) => deployment.configure({ "redis.maxmemory": "200mb" }));
    expect(await both((deployment) => deployment.up())).toEqual(alike(["update queuehost-redis"]));
    for (const checks of Object.values(await both((deployment) => deployment.verify()))) {
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.map(({ seen }) => seen)).toContain(String(200 * 1024 * 1024));
    }
  });

  test("go on with what they run when a Debian package can't be had", async () => {
    await both((deployment) =>
      changed(deployment, { "app.packages": "nosuchpackage" }, async () => {
        const { exitCode, output } = await deployment.pulumi.run(["up", "--yes", "--skip-preview"]);
        expect(exitCode).not.toBe(0);
        expect(output).toContain("app.packages: apt-get install of nosuchpackage failed: E: Unable to locate package");
        expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
        expect(await deployment.red()).toEqual([]);
      }),
    );
    // The state still knows what is in service.
    expect(await both((deployment) => deployment.up())).toEqual(alike([]));
  });

  test.each(CONCERNS)("would apply a changed $key to nothing but what it concerns", async ({ key, value, touches }) => {
    const touched = await both((deployment) => changed(deployment, { [key]: value }, () => preview(deployment)));
    const updates = touches.map((name) => `update queuehost-${name}`).sort();
    expect(touched).toEqual(alike(updates));
  });

  test("let in whose key is added, and nobody whose key is taken out", async () => {
    const { rehearsal } = deployments.reference;
    const key = `${rehearsal.folder}/anna`;
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "anna@laptop", "-f", key]);
    const { stdout: publicKey } = await run("cat", [`${key}.pub`]);
    const attempt = async (deployment: Deployment) => {
      const { host, hostKey, user } = await deployment.subject();
      const known = `${rehearsal.folder}/known-${host}`;
      await run("sh", ["-c", 'echo "$1" >"$2"', "sh", `${host} ${hostKey}`, known]);
      const options = [`UserKnownHostsFile=${known}`, "IdentitiesOnly=yes", "BatchMode=yes"];
      const { output } = await run("ssh", [
        ...options.flatMap((option) => ["-o", option]),
        ...["-i", key, `${user}@${host}`, "id -un"],
      ]);
      return output.trim();
    };
    const refused = alike(expect.stringContaining("Permission denied (publickey)"));

    expect(await both(attempt)).toEqual(refused);
    await both(async (deployment) => {
      await changed(deployment, { "ssh.key.anna": publicKey.trim() }, async () => {
        expect(await deployment.up()).toEqual(["update queuehost-host"]);
        expect(await attempt(deployment)).toBe("deploy");
        expect(await deployment.red()).toEqual([]);
      });
      expect(await deployment.up()).toEqual(["update queuehost-host"]);
    });
    expect(await both(attempt)).toEqual(refused);
  });

  test("would keep their servers whatever key of the configuration changes", async () => {
    expect(unchanged()).toEqual([]);
    // Another application needs a server of its own.
    const { "redis.password": redis, "backups.password": backups, "app.name": _, ...plain } = CHANGES;
    await both(async (deployment, app) => {
      const before = deployment.readConfig();
      // Its own groups of workers would have no script in another application.
      const groups = Object.keys(APPS[app].plain).filter((key) => key.startsWith("app.worker."));
      const workers = Object.fromEntries(groups.map((key) => [key, CHANGES["app.worker.mail"]]));
      try {
        await deployment.configure({ ...plain, ...workers }, { "redis.password": redis, "backups.password": backups });
        const steps = await stepsOf(deployment);
        const ofServer = steps.filter(({ urn }) => urn.includes("queuehost:server:Server"));
        expect(ofServer.filter(({ op }) => !["same", "update"].includes(op))).toEqual([]);
        expect(steps.filter(({ op }) => op === "update").length).toBeGreaterThan(6);
      } finally {
        deployment.writeConfig(before);
      }
    });
  });

  const rounds = { reference: roundsOf("reference"), shop: roundsOf("shop") };
  const longest = Math.max(rounds.reference.length, rounds.shop.length);
  const numbered = Array.from({ length: longest }, (_, index) => {
    const faults = [...(rounds.reference[index] ?? []), ...(rounds.shop[index] ?? [])];
    return { index, names: [...new Set(faults.map(({ name }) => name))].join("; ") };
  });
  const turned = new Set<string>();
  test.each(numbered)("turn exactly the right checks red: $names", async ({ index }) => {
    const results = await both((deployment, app) => tryRound(rounds[app][index] ?? [], app, deployment));
    for (const [app, { seen, expected }] of Object.entries(results)) {
      for (const check of seen) turned.add(`${app}: ${check}`);
      expect(seen, app).toEqual(expected);
    }
  });

  test("are as they should be after all that, and there is no check that nothing turned red", async () => {
    const checks = await both((deployment) => deployment.verify());
    for (const [app, seen] of Object.entries(checks)) {
      expect(seen.filter(({ ok }) => !ok)).toEqual([]);
      const names = seen.map(({ concern, name }) => `${concern}: ${name}`);
      expect(names.filter((name) => !turned.has(`${app}: ${name}`))).toEqual(UNTURNED);
    }
  });

  test("leave nothing behind when they are destroyed", async () => {
    await both((deployment) => deployment.pulumi.read(["destroy", "--yes", "--skip-preview"]));
    const left = await Promise.all(
      ["servers", "firewalls", "ssh_keys"].map(async (kind) =>
        deployments.reference.api<Record<string, unknown[]>>(`/${kind}`).then((answer) => answer[kind]),
      ),
    );
    expect(left).toEqual([[], [], []]);
  });
});

/** As Promise.all, but none is still at work when one has failed. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Does something while a stack has other values, none of them a secret. */
async function changed<T>(
  deployment: Deployment,
  values: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = deployment.readConfig();
  const file: { config: Record<string, unknown> } = parse(before);
  for (const [key, value] of Object.entries(values)) file.config[`queuehost:${key}`] = value;
  deployment.writeConfig(stringify(file));
  try {
    return await work();
  } finally {
    deployment.writeConfig(before);
  }
}

async function stepsOf(deployment: Deployment): Promise<{ op: string; urn: string }[]> {
  return JSON.parse(await deployment.pulumi.read(["preview", "--json"])).steps;
}

/** What an `up` would do, as it says it itself. */
async function preview(deployment: Deployment): Promise<string[]> {
  const steps = (await stepsOf(deployment)).filter(({ op }) => op !== "same");
  return steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).sort();
}

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
