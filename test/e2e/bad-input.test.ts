import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Pulumi } from "../../scripts/lib/pulumi";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";

/** A mistake, and what has to be said about it. */
const MISTAKES: readonly {
  readonly name: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly secret?: Readonly<Record<string, string>>;
  readonly unset?: string;
  readonly said: readonly string[];
}[] = [
  {
    name: "no token",
    unset: "hcloud:token",
    said: [
      "hcloud:token: should be an API token of Hetzner Cloud, is not set",
      "npx pulumi config set --secret hcloud:token",
    ],
  },
  {
    name: "a malformed token",
    secret: { "hcloud:token": "not-a-token" },
    said: ["hcloud:token: should be 64 letters and digits, got 11 characters that don't fit"],
  },
  {
    name: "a token that Hetzner doesn't know",
    secret: { "hcloud:token": "f".repeat(64) },
    said: ["hcloud:token: Hetzner doesn't know it (unauthorized)"],
  },
  {
    name: "an unknown server type",
    config: { "queuehost:server.type": "cx99" },
    said: [
      "server.type: should be a server type that Hetzner offers",
      'got "cx99"',
      "npx pulumi config set server.type cx23",
    ],
  },
  {
    name: "an unknown key",
    config: { "queuehost:redis.maxmemroy": "1gb" },
    said: ["redis.maxmemroy: is no key of queuehost; did you mean redis.maxmemory?"],
  },
  {
    name: "redis.maxmemory: lots",
    config: { "queuehost:redis.maxmemory": "lots" },
    said: [
      'redis.maxmemory: should be a size such as 512mb, got "lots"',
      "npx pulumi config set redis.maxmemory 512mb",
    ],
  },
  {
    name: "a missing secret",
    unset: "queuehost:redis.password",
    said: ["redis.password: should be at least 16 letters, digits and signs", "is not set"],
  },
  {
    name: "a value that .env can't carry",
    config: { "queuehost:env.MOTTO": `it's "$HOME"` },
    said: ["env.MOTTO"],
  },
];

describe.skipIf(LACKS_ENGINE)("a mistake gets one clear message, and nothing is made:", () => {
  let deployment: Deployment;
  let valid: string;

  beforeAll(async () => {
    deployment = await Deployment.make("bad-input");
    valid = deployment.readConfig();
  });
  afterAll(() => deployment?.end());
  beforeEach(() => deployment.writeConfig(valid));

  test.each(MISTAKES)("$name", async ({ config = {}, secret = {}, unset, said }) => {
    await deployment.pulumi.configure(config, secret);
    if (unset) await deployment.pulumi.read(["config", "rm", unset]);
    const { exitCode, output } = await deployment.pulumi.run(["up", "--yes", "--skip-preview"]);
    expect(exitCode).not.toBe(0);
    for (const words of said) expect(output).toContain(words);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    expect(output.match(/error: /g)?.length).toBeLessThanOrEqual(2);
    expect(await left()).toEqual([[], [], []]);
  });

  test("a wrong passphrase", async () => {
    const environment = { ...deployment.rehearsal.environment, PULUMI_CONFIG_PASSPHRASE: "wrong" };
    const { exitCode, output } = await new Pulumi(deployment.pulumi.stack, environment).run(["up", "--yes"]);
    expect(exitCode).not.toBe(0);
    expect(output.trim()).toMatch(/^error: .*incorrect passphrase$/);
    expect(await left()).toEqual([[], [], []]);
  });

  /** What the cloud holds. */
  const left = () =>
    Promise.all(
      ["servers", "firewalls", "ssh_keys"].map((kind) =>
        deployment.api<Record<string, unknown[]>>(`/${kind}`).then((answer) => answer[kind]),
      ),
    );
});
