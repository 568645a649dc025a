import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ensureBackend, hasBackend, localBackend } from "../../../scripts/lib/backend";

let project = "";
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "queuehost-state-"));
  writeFileSync(join(project, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  vi.stubEnv("PULUMI_HOME", join(project, "home"));
  for (const name of ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CREDENTIALS_PATH"])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(project, { recursive: true });
});

const own = (name: string) => join(project, ".queuehost", name);

/** The state's address that commands get, and what is said of it. */
function place(): [string | undefined, string] {
  const said: string[] = [];
  return [localBackend(project, (line) => said.push(line)).PULUMI_BACKEND_URL, said.join("\n")];
}

test("a place for the state is made once, for its owner alone and outside of git", () => {
  expect(hasBackend(project)).toBe(false);
  expect(ensureBackend(project)).toBe(own("env"));
  const passphrase = readFileSync(own("passphrase"), "utf8");
  expect(passphrase).toMatch(/^[0-9a-f]{48}$/);
  expect(readFileSync(own(".gitignore"), "utf8")).toBe("*\n");
  for (const name of ["passphrase", "env"]) expect(statSync(own(name)).mode & 0o777).toBe(0o600);
  expect(ensureBackend(project)).toBeUndefined();
  expect(place()).toEqual([`file://${own("state")}`, ""]);
});

test("interrupted in between, it goes on with the passphrase that is there", () => {
  ensureBackend(project);
  const passphrase = readFileSync(own("passphrase"), "utf8");
  rmSync(own("env"));
  expect(ensureBackend(project)).toBe(own("env"));
  expect(readFileSync(own("passphrase"), "utf8")).toBe(passphrase);
});

test.each([
  ["Pulumi.yaml", () => writeFileSync(join(project, "Pulumi.yaml"), "name: shop\nbackend:\n  url: s3://team\n")],
  ["PULUMI_BACKEND_URL", () => vi.stubEnv("PULUMI_BACKEND_URL", "s3://team")],
  ["PULUMI_ACCESS_TOKEN", () => vi.stubEnv("PULUMI_ACCESS_TOKEN", "pul-1")],
])("none is made where %s names one", (_, choose) => {
  choose();
  expect(ensureBackend(project)).toBeUndefined();
  expect(existsSync(own("env"))).toBe(false);
  expect(place()).toEqual([undefined, ""]);
});

test("of two places it is said which one it is, and why", () => {
  ensureBackend(project);
  const state = `file://${own("state")}`;
  vi.stubEnv("PULUMI_CREDENTIALS_PATH", project);
  writeFileSync(join(project, "credentials.json"), JSON.stringify({ current: "s3://team" }));
  expect(place()).toEqual([
    state,
    `State: ${state}, as .queuehost/env says, and not s3://team (pulumi login). To move it: docs/environments.md, "Moving the state".`,
  ]);
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://other");
  expect(place()).toEqual([
    undefined,
    "State: s3://other, as PULUMI_BACKEND_URL says, and not where .queuehost/env says.",
  ]);
  // Sourced by somebody: the same place.
  vi.stubEnv("PULUMI_BACKEND_URL", state);
  expect(place()).toEqual([undefined, ""]);
});
