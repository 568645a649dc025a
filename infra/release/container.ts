import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { AppSource } from "./app";
import { ReleaseError } from "./error";
import { headersOf, linuxNode, npm } from "./node";
import { BUILD_ENV, type Place } from "./place";
import { lastLines, run } from "./run";

/** The server's release. */
const IMAGE = "debian:13";

/** What compiles native modules; fetched only for those that come without a binary. */
const COMPILERS = "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 make g++ >/dev/null";

/** What node-gyp says where it lacks one of these. */
const NEEDS_COMPILERS = /gyp ERR!|not found: (make|g\+\+|python)/;

const SETTINGS = /^(https?_proxy|no_proxy|npm_config_registry|NODE_EXTRA_CA_CERTS)$/i;

/**
 * A container of the server's release and architecture, with the application's Node and an npm, both from the registry. It
 * sees `outDir` under its own path, and nothing else of this machine but npm's settings and the certificates that Node trusts.
 *
 * @param why what of the application can't be built on this machine, for the message
 * @throws ReleaseError where there is no Docker
 */
export async function container(app: AppSource, outDir: string, why: readonly string[]): Promise<Place> {
  const docker = await run("docker", ["version", "--format", "{{.Server.Version}}"]);
  if (docker.exitCode !== 0)
    throw new ReleaseError(
      `${app.path}: has to be built in a container of the server's release${why.length === 0 ? "" : `, because of ${why.join(", ")}`}; Docker isn't to be had here. Install and start it, then run this again:${lastLines(docker.output)}`,
    );
  const shared = resolve(outDir);
  const node = await linuxNode(app.architecture, app.node, shared);
  const commands = await npm(shared);
  const headers = headersOf(node);
  const fixed = ["run", "--rm", "--init", "--network=host", "--tmpfs=/home:exec", ...machine(app), ...bind(shared)];
  return {
    name: "container",
    likeServer: true,
    run: async (command, folder, path = [], env = {}) => {
      const variables = {
        ...BUILD_ENV,
        HOME: "/home",
        ...(headers !== undefined && { npm_config_nodedir: headers }),
        ...env,
        PATH: [dirname(node), ...path, commands, "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
      };
      // The machine's own go by name alone: a proxy's password has no place in a command line.
      const flags = [...settings(), ...Object.entries(variables).map((pair) => pair.join("="))].map(
        (one) => `--env=${one}`,
      );
      const once = (script: string) =>
        run("docker", [...fixed, ...flags, "--workdir", folder, image(), "/bin/sh", "-c", script, "sh", command]);
      const ended = await once(`exec ${asOperator()} /bin/sh -c "$1"`);
      if (ended.exitCode === 0 || !NEEDS_COMPILERS.test(ended.output)) return ended;
      return once(`PATH=/usr/sbin:/sbin:$PATH; ${COMPILERS} && exec ${asOperator()} /bin/sh -c "$1"`);
    },
  };
}

/** Which image stands for the server; QUEUEHOST_BUILD_IMAGE names another one. */
const image = () => process.env.QUEUEHOST_BUILD_IMAGE ?? IMAGE;

const machine = ({ architecture }: AppSource) => [`--platform=linux/${architecture === "x64" ? "amd64" : "arm64"}`];

/** What is built belongs to whoever builds it. */
const asOperator = () =>
  `setpriv --reuid=${process.getuid?.() ?? 0} --regid=${process.getgid?.() ?? 0} --clear-groups --`;

function bind(shared: string): string[] {
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  const npmrc = join(homedir(), ".npmrc");
  return [
    `--volume=${shared}:${shared}`,
    ...(certificates !== undefined && existsSync(certificates) ? [`--volume=${certificates}:${certificates}:ro`] : []),
    ...(existsSync(npmrc) ? [`--volume=${npmrc}:/etc/npmrc:ro`, "--env=npm_config_userconfig=/etc/npmrc"] : []),
  ];
}

const settings = () => Object.keys(process.env).filter((key) => SETTINGS.test(key));
