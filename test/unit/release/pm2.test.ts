import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type PackedPm2, packPm2 } from "../../../infra/release";

// Packages are fetched and installed.
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), "queuehost-pm2-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => void vi.unstubAllEnvs());

let packed: PackedPm2;
beforeAll(async () => {
  packed = await packPm2(join(folder, "one"));
}, 120_000);

/** No npm gets to its registry. */
function withoutRegistry(): void {
  vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("npm_config_cache", join(folder, "cache"));
}

test("what is pinned, whole, and nothing that nobody loads", () => {
  const pins = JSON.parse(readFileSync(join(__dirname, "../../../host/pm2/runtime/package.json"), "utf8"));
  expect(packed.version).toBe(pins.dependencies.pm2);
  const files = execFileSync("tar", ["-tzf", packed.file]).toString().split("\n");
  for (const needed of [
    "daemon.cjs",
    "cli.cjs",
    "words.cjs",
    "node_modules/pm2/lib/God.js",
    "node_modules/pm2/LICENSE",
  ])
    expect(files).toContain(needed);
  expect(files.filter((file) => /\.(md|map|d\.ts)$|\/\.bin\//.test(file))).toEqual([]);
  expect(packed.size).toBeLessThan(4 * 2 ** 20);
});

test("it is packed once, and equal wherever it is packed", async () => {
  const again = await packPm2(join(folder, "two"));
  expect(again.id).toBe(packed.id);
  withoutRegistry();
  expect(await packPm2(join(folder, "one"))).toEqual(packed);
  expect(readdirSync(join(folder, "one/pm2")).sort()).toEqual([`${packed.id}.tar.gz`, "last-build.json"]);
});

test("an artefact that was touched is packed anew", async () => {
  const again = await packPm2(join(folder, "two"));
  writeFileSync(again.file, "no longer it");
  await packPm2(join(folder, "two"));
  expect(readFileSync(again.file).equals(readFileSync(packed.file))).toBe(true);
});

test("without a registry one message says so, and nothing half-done stays", async () => {
  withoutRegistry();
  await expect(packPm2(join(folder, "three"))).rejects.toThrow(
    /^processManager: PM2 can't be had from the npm registry:\n {2}\| /,
  );
  expect(readdirSync(join(folder, "three/pm2"))).toEqual([]);
});
