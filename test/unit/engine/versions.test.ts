import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../../package.json";
import { VERSION as STAND_IN } from "../../../scripts/engine/command-provider/version";
import { MODULES, olderThan } from "../../../scripts/engine/go";
import { VERSIONS } from "../../../scripts/engine/versions";

/** What a go.mod requires, by module path without its major version, and the Go that it asks for. */
function goMod(module: string): { go: string; required: Record<string, string> } {
  const text = readFileSync(join(MODULES, module, "go.mod"), "utf8");
  const required = [...text.matchAll(/^(?:require)?\s+(\S+) v(\S+)(?: \/\/ indirect)?$/gm)].map(([, path, version]) => [
    path,
    version,
  ]);
  return { go: /^go (\S+)$/m.exec(text)?.[1] ?? "none", required: Object.fromEntries(required) };
}

test("package.json asks for the same versions", () => {
  expect(manifest.dependencies).toMatchObject({
    pulumi: VERSIONS.pulumi,
    "@pulumi/pulumi": VERSIONS.pulumi,
    "@pulumi/hcloud": VERSIONS.hcloud,
    "@pulumi/command": VERSIONS.command,
  });
});

test("the Go modules are built from the same versions", () => {
  expect(goMod("cli").required).toMatchObject({ "github.com/pulumi/pulumi/pkg/v3": VERSIONS.pulumi });
  expect(goMod("language-nodejs").required).toMatchObject({
    "github.com/pulumi/pulumi/sdk/v3": VERSIONS.languageHostSdk,
  });
  expect(goMod("provider-hcloud").required).toMatchObject({
    "github.com/hetznercloud/terraform-provider-hcloud": VERSIONS.terraformHcloud,
    "github.com/pulumi/pulumi-terraform-bridge/v3": VERSIONS.bridge,
    "github.com/pulumi/pulumi/sdk/v3": VERSIONS.bridgePulumi,
    "github.com/pulumi/pulumi/pkg/v3": VERSIONS.bridgePulumi,
  });
});

test("no module asks for a newer Go than the one that is named to the user", () => {
  const asked = ["cli", "language-nodejs", "provider-hcloud"].map((module) => goMod(module).go);
  expect(asked).toContain(VERSIONS.go);
  expect(asked.filter((go) => olderThan(VERSIONS.go, go))).toEqual([]);
});

test("the stand-in is of the version that the official provider has", () => {
  expect(STAND_IN).toBe(VERSIONS.command);
});
