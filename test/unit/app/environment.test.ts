import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadEnvironment, releaseId } from "../../../app/src/environment";

let release: string;

beforeEach(() => {
  release = mkdtempSync(join(tmpdir(), "queuehost-release-"));
  for (const part of ["backend", "worker"]) mkdirSync(join(release, part));
  // Registers both names, so that what the file sets is undone.
  vi.stubEnv("TEST_A", undefined);
  vi.stubEnv("TEST_B", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(release, { recursive: true, force: true });
});

describe("loadEnvironment", () => {
  it("reads the file beside the entry point, and lets the real environment win", () => {
    writeFileSync(join(release, "backend", ".env"), "TEST_A='from the file'\nTEST_B=from the file\n");
    process.env.TEST_B = "real";
    loadEnvironment(join(release, "backend"));
    expect([process.env.TEST_A, process.env.TEST_B]).toEqual(["from the file", "real"]);
  });

  it("gives all entry points of a release the file in its root", () => {
    writeFileSync(join(release, ".env"), "TEST_A=shared\n");
    loadEnvironment(join(release, "worker"));
    expect(process.env.TEST_A).toBe("shared");
  });

  it("does without a file", () => {
    expect(() => loadEnvironment(join(release, "worker"))).not.toThrow();
  });

  it("says which file can't be read", () => {
    mkdirSync(join(release, "backend", ".env"));
    expect(() => loadEnvironment(join(release, "backend"))).toThrow(/backend\/\.env: can't be read/);
  });
});

describe("releaseId", () => {
  it("is the digest in the path of the release", () => {
    expect(releaseId("/srv/shop/releases/0123456789ab/backend", {})).toBe("0123456789ab");
  });

  it("can be given, and is `development` anywhere else", () => {
    expect(releaseId("/srv/shop/releases/0123456789ab/backend", { RELEASE: "v7" })).toBe("v7");
    expect(releaseId("/home/ada/app/src", {})).toBe("development");
  });
});
