import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../lib/run";
import { Home } from "./home";
import { namesIn } from "./inspect";
import type { Obstacle, Way } from "./part";
import { elapsed } from "./progress";
import { VERSIONS } from "./versions";

/** Milliseconds in which a download site has to answer at all: firewalls that drop packets would cost minutes. */
const ANSWER = 4000;
/** Milliseconds that a download of 100 MB may take. */
const LIMIT = 600_000;

const CLI_SITE = "https://get.pulumi.com/install.sh";
const PLUGIN_SITES = [CLI_SITE, "https://github.com/pulumi"];

/** The official command line with its language hosts, by the downloader of the npm package `pulumi`. */
export function cliDownload(): Way {
  return {
    source: "download",
    async stage(into, progress): Promise<Obstacle | undefined> {
      const obstacle = await unreachable([CLI_SITE]);
      if (obstacle) return obstacle;
      const root = join(dirname(into), "download");
      const downloader = JSON.stringify(require.resolve("pulumi/lib/download"));
      const script = `require(${downloader}).installCLI(${JSON.stringify(VERSIONS.pulumi)}, ${JSON.stringify(root)})
        .catch((error) => { console.error(error.message); process.exitCode = 1; })`;
      progress.at("downloading");
      const failure = await attempt(process.execPath, ["-e", script], { NODE_USE_ENV_PROXY: "1" });
      if (failure) return failure;
      return move(join(root, "bin"), into);
    },
  };
}

/** An official plugin, by the command line, which has to be in place. */
export function pluginDownload(home: Home, name: string, version: string): Way {
  return {
    source: "download",
    async stage(into, progress): Promise<Obstacle | undefined> {
      const obstacle = await unreachable(PLUGIN_SITES);
      if (obstacle) return obstacle;
      const other = new Home(join(dirname(into), "download"));
      progress.at("downloading");
      const failure = await attempt(
        home.path(home.bin, "pulumi"),
        ["plugin", "install", "resource", name, version, "--non-interactive"],
        { PULUMI_HOME: other.root, PULUMI_SKIP_UPDATE_CHECK: "true" },
      );
      if (failure) return failure;
      return move(other.path(other.plugin(name, version)), into);
    },
  };
}

/** Asks each site for its headers. A child does it, so that the proxy of the environment is taken. */
async function unreachable(sites: readonly string[]): Promise<Obstacle | undefined> {
  const ask = `const ask = (site) => fetch(site, { method: "HEAD", signal: AbortSignal.timeout(${ANSWER}) })
    .then(({ ok, status }) => { if (!ok) throw new Error("HTTP " + status); });
    Promise.any(${JSON.stringify(sites)}.map(ask)).then(() => process.exit(0), ({ errors: [error] }) => {
      console.error(error.cause?.code ?? error.message); process.exit(1); });`;
  const { exitCode, output } = await run(process.execPath, ["-e", ask], {
    env: { NODE_USE_ENV_PROXY: "1", NODE_NO_WARNINGS: "1" },
    timeout: 2 * ANSWER,
  });
  if (exitCode === 0) return undefined;
  const names = sites.map((site) => new URL(site).hostname).join(" and ");
  return { reason: `${names} can't be reached (${lastLine(output)})`, absent: true };
}

async function attempt(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Obstacle | undefined> {
  const started = Date.now();
  const { exitCode, output } = await run(file, args, { env, timeout: LIMIT });
  if (exitCode === 0) return undefined;
  return { reason: `its download failed after ${elapsed(Date.now() - started)} (${lastLine(output)})` };
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1)?.trim() ?? "";
}

function move(from: string, into: string): Obstacle | undefined {
  const names = namesIn(from);
  for (const name of names) renameSync(join(from, name), join(into, name));
  return names.length ? undefined : { reason: "its download held nothing" };
}
