import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NotToBeHad, UserError } from "../../../scripts/lib/errors";
import { installPackages, onPath, packagesOrNote, withoutServices } from "../../../scripts/lib/packages";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-packages-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A distribution's package manager of a few lines, first on PATH. */
function fakeApt(script: string): void {
  writeFileSync(join(folder, "apt-get"), `#!/bin/sh\necho "$*" >>${folder}/said\n${script}\n`);
  chmodSync(join(folder, "apt-get"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
}
const asUser = (uid: number) =>
  vi.spyOn(process as Required<Pick<NodeJS.Process, "getuid">>, "getuid").mockReturnValue(uid);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: unknown) => error,
  );

/** The installer works on Debian and Ubuntu alone. */
const apt = existsSync("/usr/bin/apt-get");

describe.skipIf(!apt)("packages of the distribution", () => {
  test("are named before anything happens, then installed", async () => {
    fakeApt(`[ "$4" = update ] || echo >${folder}/qh-tool`);
    asUser(0);
    const lines: string[] = [];
    const report = (line: string) => {
      lines.push(`${existsSync(join(folder, "said")) ? "after" : "before"}: ${line}`);
    };
    await installPackages(["qh-tool"], report);
    expect(lines[0]).toMatch(/^before: installing qh-tool from .+ \.\.\.$/);
    expect(readFileSync(join(folder, "said"), "utf8").split("\n")).toEqual([
      "-qq -o DPkg::Lock::Timeout=300 update",
      "-qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends qh-tool",
      "",
    ]);
    expect(onPath("qh-tool")).toBe(true);
  });

  test("can't be had without root: the line says how", async () => {
    fakeApt("exit 0");
    asUser(1000);
    const error = await failure(installPackages(["qh-tool"], () => undefined));
    expect(error).toBeInstanceOf(NotToBeHad);
    expect(String(error)).toContain("Install it with: sudo apt-get install qh-tool");
    expect(existsSync(join(folder, "said"))).toBe(false);
  });

  test("a package manager that fails is a fault, with its last words", async () => {
    fakeApt("echo 'E: no route to the mirror' >&2; exit 100");
    asUser(0);
    const error = await failure(installPackages(["qh-tool"], () => undefined));
    expect(error).toBeInstanceOf(UserError);
    expect(error).not.toBeInstanceOf(NotToBeHad);
    expect(String(error)).toContain("apt-get update failed: E: no route to the mirror");
  });

  test("optional ones that can't be had are named, with the reason", async () => {
    fakeApt("exit 0");
    asUser(1000);
    const lines: string[] = [];
    expect(await packagesOrNote(["sh", "qh-tool"], (line) => lines.push(line))).toEqual(["qh-tool"]);
    expect(lines).toEqual([expect.stringContaining("needed and not installed: qh-tool")]);
  });
});

describe("services that packages bring", () => {
  const policy = () => join(folder, "policy-rc.d");

  test("are forbidden to start meanwhile, and only then", async () => {
    await withoutServices(async () => {
      expect(statSync(policy()).mode & 0o777).toBe(0o755);
      expect(spawnSync(policy(), ["redis-server", "start"]).status).toBe(101);
    }, policy());
    expect(existsSync(policy())).toBe(false);
  });

  test("are forbidden nothing by a process that was killed at it", async () => {
    const source = JSON.stringify(require.resolve("../../../scripts/lib/packages.ts"));
    const script = `require(${source}).withoutServices(async () => process.kill(process.pid, "SIGKILL"), ${JSON.stringify(policy())})`;
    spawnSync(process.execPath, ["--import", "tsx", "-e", script]);
    expect(existsSync(policy())).toBe(true);
    execFileSync(policy(), ["redis-server", "start"]);
  });

  test("are left to the computer's own policy, where it has one", async () => {
    writeFileSync(policy(), "#!/bin/sh\nexit 104\n", { mode: 0o755 });
    await withoutServices(async () => expect(readFileSync(policy(), "utf8")).toContain("104"), policy());
    expect(readFileSync(policy(), "utf8")).toContain("104");
  });
});
