import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installCommandProvider } from "../../../../scripts/engine/command-provider";
import { VERSION } from "../../../../scripts/engine/command-provider/version";
import { Provider } from "./client";

let plugins = "";
const plugin = (name = "") => join(plugins, `resource-command-v${VERSION}`, name);

beforeEach(() => {
  plugins = mkdtempSync(join(tmpdir(), "plugins-"));
});
afterEach(() => rmSync(plugins, { recursive: true, force: true }));

test("the version is the one that @pulumi/command asks for", () => {
  const { pulumi } = JSON.parse(readFileSync(require.resolve("@pulumi/command/package.json"), "utf8"));
  expect(pulumi).toMatchObject({ name: "command", version: VERSION });
});

test("a launcher and one script, nothing else, and again nothing to do", async () => {
  await installCommandProvider(plugins);
  const names = ["provider.cjs", "pulumi-resource-command"];
  expect(readdirSync(plugin()).sort()).toEqual(names);
  expect(statSync(plugin("pulumi-resource-command")).mode & 0o777).toBe(0o755);
  const before = names.map((name) => statSync(plugin(name)).ino);
  await installCommandProvider(plugins);
  expect(names.map((name) => statSync(plugin(name)).ino)).toEqual(before);
});

test("what differs is replaced", async () => {
  await installCommandProvider(plugins);
  const good = readFileSync(plugin("provider.cjs"), "utf8");
  writeFileSync(plugin("provider.cjs"), "damaged");
  await installCommandProvider(plugins);
  expect(readFileSync(plugin("provider.cjs"), "utf8")).toBe(good);
});

test("it starts where PATH has no Node, or one that is too old", async () => {
  await installCommandProvider(plugins);
  const old = mkdtempSync(join(plugins, "old-"));
  writeFileSync(join(old, "node"), "#!/bin/sh\necho v18.20.0\n", { mode: 0o755 });
  for (const path of ["/usr/bin:/bin", `${old}:/usr/bin:/bin`]) {
    const provider = await Provider.start(plugin("pulumi-resource-command"), { PATH: path });
    expect((await provider.check("command:local:Command", { create: "true" })).failures).toEqual([]);
    expect(await provider.stop()).toBe(0);
  }
});
