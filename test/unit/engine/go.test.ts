import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { fromGo, olderThan, reasons } from "../../../scripts/engine/go";
import { Progress } from "../../../scripts/engine/progress";
import { VERSIONS } from "../../../scripts/engine/versions";
import { collector, temporaryFolder } from "./fixtures";

afterEach(() => vi.unstubAllEnvs());

/** Puts a small fake `go` on PATH: it answers `go env GOVERSION`, and otherwise runs the script. */
function fakeGo(version: string, script = ""): void {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "go"), `#!/bin/sh\nif [ "$1" = env ]; then echo go${version}; exit; fi\n${script}\n`);
  chmodSync(join(folder, "go"), 0o755);
  vi.stubEnv("PATH", `${folder}:/usr/bin:/bin`);
}

async function build() {
  const root = temporaryFolder();
  const into = join(root, "files");
  mkdirSync(into);
  const { lines, report } = collector();
  const progress = new Progress(report, "Fake", 5);
  const step = { what: "building", file: "go", args: ["build", "-o", join(into, "program"), "./tfgen"] };
  const obstacle = await fromGo("provider-hcloud", () => [step]).stage(into, progress);
  progress.stop();
  const built = readdirSync(into).includes("program") ? readFileSync(join(into, "program"), "utf8") : undefined;
  return { obstacle, lines, built };
}

test("builds in a copy of the module; the user's settings hold, beyond what would make it another build", async () => {
  fakeGo("1.99.0", 'test -f go.sum && test -d tfgen || exit 3\nenv | grep -E "^(GO|CGO)" | sort >"$3"');
  for (const name of ["GOFLAGS", "GOTOOLCHAIN", "CGO_ENABLED"]) vi.stubEnv(name, undefined);
  vi.stubEnv("GOPROXY", "https://proxy.example.org");
  vi.stubEnv("GOWORK", "/elsewhere/go.work");
  const { obstacle, built } = await build();
  expect(obstacle).toBeUndefined();
  expect(built).toBe("CGO_ENABLED=0\nGO111MODULE=on\nGOPROXY=https://proxy.example.org\nGOWORK=off\n");
});

test("says how many packages are compiled", async () => {
  fakeGo("1.99.0", "echo go: downloading example.org/a v1.0.0\necho fmt\necho example.org/a/b-c\nsleep 0.2");
  expect((await build()).lines).toContain("Fake, building: 2 packages compiled (0 s)");
});

test("a failed build says why in a few lines", async () => {
  fakeGo("1.99.0", "echo example.org/a >&2\necho 'a.go:1:2: no space left on device' >&2\nexit 1");
  expect((await build()).obstacle).toEqual({
    reason: "building failed:\n  a.go:1:2: no space left on device",
    remedy: "Mend that (what is compiled already is kept)",
  });
});

describe("says what to install", () => {
  const remedy = `Install Go ${VERSIONS.go} or newer (https://go.dev/dl)`;
  test("without Go", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    expect((await build()).obstacle).toEqual({ reason: "Go isn't installed", remedy, absent: true });
  });
  test("with a Go that can't fetch a newer one", async () => {
    fakeGo("1.19.8");
    expect((await build()).obstacle).toEqual({ reason: "Go 1.19.8 is too old to build it", remedy, absent: true });
  });
});

test("an older Go that can, is told to fetch the newer one, whatever the machine's setting is", async () => {
  fakeGo("1.24.4", '[ "$GOTOOLCHAIN" = auto ] || { echo "GOTOOLCHAIN=$GOTOOLCHAIN"; exit 1; }');
  vi.stubEnv("GOTOOLCHAIN", "local");
  expect((await build()).obstacle).toBeUndefined();
});

test.each([
  ["1.26.8", "1.26.4", false],
  ["1.26.4", "1.26.4", false],
  ["1.9", "1.21", true],
  ["1.27rc1", "1.26.4", false],
  ["1.26", "1.26.4", true],
])("%s is older than %s: %s", (version, bound, older) => expect(olderThan(version, bound)).toBe(older));

test("of a build's output, progress isn't a reason, and six lines are enough", () => {
  const output = ["go: downloading a v1", "a/b", "", ...[1, 2, 3, 4, 5, 6, 7].map((n) => `error: ${n}`)].join("\n");
  expect(reasons(output)).toBe([2, 3, 4, 5, 6, 7].map((n) => `  error: ${n}`).join("\n"));
});
