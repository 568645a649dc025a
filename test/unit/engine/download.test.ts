import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { cliDownload, pluginDownload } from "../../../scripts/engine/download";
import type { Way } from "../../../scripts/engine/part";
import { Progress } from "../../../scripts/engine/progress";
import { VERSIONS } from "../../../scripts/engine/versions";
import { temporaryFolder, temporaryHome, writeFakeProgram } from "./fixtures";

afterEach(() => vi.unstubAllEnvs());

/** Puts a fake `fetch` in the place of the network of every Node that is started: `body` is that of a function of url and init. */
function fakeNetwork(body: string): void {
  const file = join(temporaryFolder(), "network.cjs");
  writeFileSync(file, `globalThis.fetch = async (url, init) => { ${body} };`);
  vi.stubEnv("NODE_OPTIONS", `--require ${file}`);
}

/** A network whose install script is this one. */
function fakeInstaller(script: string): void {
  fakeNetwork(`return { ok: true, status: 200, text: async () => ${JSON.stringify(script)} };`);
}

async function stage(way: Way) {
  const into = join(temporaryFolder(), "files");
  mkdirSync(into);
  const progress = new Progress(() => {}, "");
  const obstacle = await way.stage(into, progress);
  progress.stop();
  return { obstacle, into, names: readdirSync(into).sort() };
}

test("the command line comes with its language hosts, by the npm package's own downloader", async () => {
  fakeInstaller('mkdir -p "$3/bin"; echo "$*" >"$3/bin/pulumi"; echo host >"$3/bin/pulumi-language-nodejs"');
  const { obstacle, into, names } = await stage(cliDownload());
  expect(obstacle).toBeUndefined();
  expect(names).toEqual(["pulumi", "pulumi-language-nodejs"]);
  expect(readFileSync(join(into, "pulumi"), "utf8")).toMatch(
    new RegExp(`^--no-edit-path --install-root \\S+ --version ${VERSIONS.pulumi}\n$`),
  );
});

test("an installer that fails, or puts nothing there, is an obstacle", async () => {
  fakeInstaller("echo no such release >&2; exit 1");
  expect((await stage(cliDownload())).obstacle?.reason).toMatch(/^its download failed after \d+ s \(/);
  fakeInstaller("exit 0");
  expect((await stage(cliDownload())).obstacle).toEqual({ reason: "its download held nothing" });
});

test("a site that refuses is told from one that isn't found", async () => {
  fakeNetwork("return { ok: false, status: 403 };");
  const unreached = (why: string) => ({ reason: `get.pulumi.com can't be reached (${why})`, absent: true });
  expect((await stage(cliDownload())).obstacle).toEqual(unreached("HTTP 403"));
  fakeNetwork('throw new TypeError("fetch failed", { cause: { code: "ENOTFOUND" } });');
  expect((await stage(cliDownload())).obstacle).toEqual(unreached("ENOTFOUND"));
});

test("a site that doesn't answer is given up after seconds", async () => {
  fakeNetwork(`setInterval(() => {}, 1000);
    return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));`);
  const started = Date.now();
  expect((await stage(cliDownload())).obstacle?.reason).toContain("get.pulumi.com can't be reached (");
  expect(Date.now() - started).toBeGreaterThan(3000);
});

test("a plugin is fetched by the command line into a home of its own; one of its sites is enough", async () => {
  fakeNetwork('if (url.includes("get.pulumi.com")) throw new Error("down"); return { ok: true, status: 200 };');
  const home = temporaryHome();
  const cli = writeFakeProgram(home.path(home.bin, "pulumi"), "");
  writeFileSync(cli, 'd="$PULUMI_HOME/plugins/resource-fake-v1.2.3"; mkdir -p "$d"; echo "$*" >"$d/program"');
  const { obstacle, into, names } = await stage(pluginDownload(home, "fake", "1.2.3"));
  expect(obstacle).toBeUndefined();
  expect(names).toEqual(["program"]);
  expect(readFileSync(join(into, "program"), "utf8")).toBe("plugin install resource fake 1.2.3 --non-interactive\n");
  expect(readdirSync(home.root)).toEqual(["versions"]);
});
