import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PROJECT } from "../../scripts/lib/places";
import { Pulumi } from "../../scripts/lib/pulumi";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";

/** An application that can be built, and doesn't do anything. */
const APP = {
  "package.json": JSON.stringify({ name: "tiny", version: "1.0.0" }),
  "package-lock.json": JSON.stringify({ name: "tiny", lockfileVersion: 3, packages: { "": { name: "tiny" } } }),
  "server.js": "",
};

/** A mistake, and what has to be said about it. */
const MISTAKES: readonly {
  readonly name: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly secret?: Readonly<Record<string, string>>;
  readonly unset?: string;
  /** Files of an application, to which `app.path` then points. */
  readonly app?: Readonly<Record<string, string>>;
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
      "server.type: should be server types that Hetzner offers",
      'got "cx99"',
      "npx pulumi config set server.type 'cx23'",
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
  {
    name: "an application without a package.json",
    app: { "server.js": "" },
    said: ["should be the folder of an application, with a package.json; there is none"],
  },
  {
    name: "an application without a lockfile",
    app: { "package.json": APP["package.json"], "server.js": "" },
    said: ["should have a lockfile", "Make one with npm install"],
  },
  {
    name: "a command that runs a file which isn't there",
    app: APP,
    config: { "queuehost:app.backend": "node dist/server.js" },
    said: ["app.backend: should run a file of the release; dist/server.js isn't there after the build"],
  },
  {
    name: "a build that fails",
    app: APP,
    config: { "queuehost:app.build": "echo a module is missing; exit 3" },
    said: ["echo a module is missing; exit 3", "ended with exit code 3", "a module is missing"],
  },
  {
    name: "a variable that the application's example file names",
    app: { ...APP, ".env.example": "PORT=3000\nAPI_KEY=\n" },
    said: [
      "env.API_KEY: the application's example file names it, the stack doesn't set it",
      "npx pulumi config set --secret env.API_KEY",
    ],
  },
];

describe.skipIf(LACKS_ENGINE)("a mistake gets one clear message, and nothing is made:", () => {
  let deployment: Deployment;
  let valid: string;
  const folder = mkdtempSync(join(tmpdir(), "queuehost-mistakes-"));

  beforeAll(async () => {
    deployment = await Deployment.make("bad-input");
    valid = deployment.readConfig();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await deployment?.end();
  });
  beforeEach(() => deployment.writeConfig(valid));

  test.each(MISTAKES)("$name", async ({ config = {}, secret = {}, unset, app, said }) => {
    await deployment.pulumi.configure({ ...(app && appIn(folder, app)), ...config }, secret);
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

/** Writes an application into a folder of its own, and gives the configuration that deploys it. */
function appIn(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  const path = mkdtempSync(join(folder, "app-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { "queuehost:app.path": relative(PROJECT, path), "queuehost:app.backend": "node server.js" };
}
