import { delimiter } from "node:path";
import type { AppSource, Architecture } from "./app";
import { alone, headersOf, localNode } from "./node";
import { type Ended, run } from "./run";

/** Where a release is built: this machine, or a container of the server's release. */
export interface Place {
  /** Names its folders, since what one installs may not run in the other. */
  readonly name: "here" | "container";
  /** Whether packages install there as they would on the server. */
  readonly likeServer: boolean;
  /**
   * Runs a shell command.
   *
   * @param folder working directory, absolute
   * @param path folders of programs that come before all others but Node
   */
  run(
    command: string,
    folder: string,
    path?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Ended>;
}

/** What says how a build behaves, wherever it runs. */
export const BUILD_ENV = { CI: "true", HUSKY: "0", COREPACK_ENABLE_DOWNLOAD_PROMPT: "0", YARN_ENABLE_TELEMETRY: "0" };

/**
 * Of the operator's environment: what opens the deployment, its state or what encrypts that, which no install script should
 * see, or what belongs to another npm.
 */
const WITHHELD =
  /^(PULUMI_|HCLOUD_|AWS_|AZURE_|ARM_|GOOGLE_|VAULT_|NODE_ENV$|INIT_CWD$|npm_(?!config_)|npm_config_(local_|global_)?prefix$)/;

/** This machine, with the application's Node first on PATH. */
export async function here(app: AppSource, outDir: string): Promise<Place> {
  const node = await localNode(app.node, outDir);
  const headers = headersOf(node);
  const bin = alone(node, outDir);
  const withheld = Object.keys(process.env).filter((key) => WITHHELD.test(key));
  return {
    name: "here",
    likeServer: isLikeServer(app.architecture),
    run: (command, folder, path = [], env = {}) =>
      run("sh", ["-c", command], {
        cwd: folder,
        env: {
          ...Object.fromEntries(withheld.map((key) => [key, undefined])),
          ...BUILD_ENV,
          // The copy may lie inside of a repository, whose hooks and history are none of its business.
          GIT_CEILING_DIRECTORIES: outDir,
          ...(headers !== undefined && { npm_config_nodedir: headers }),
          ...env,
          PATH: [bin, ...path, process.env.PATH ?? ""].join(delimiter),
        },
      }),
  };
}

/** Whether this machine is a Linux with glibc on the server's processor. */
function isLikeServer(architecture: Architecture): boolean {
  if (process.platform !== "linux" || process.arch !== architecture) return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
