import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { VERSIONS } from "./versions";

/** `$PULUMI_HOME` (default `~/.pulumi`), laid out as the npm package `pulumi`, the Automation API and the engine expect it. */
export class Home {
  readonly root: string;

  /** @param root the folder; by default the one that Pulumi itself would take */
  constructor(root = process.env.PULUMI_HOME || join(homedir(), ".pulumi")) {
    this.root = resolve(root);
  }

  /** The command line and, beside it because the wrapper puts this folder first on PATH, the language host. */
  readonly bin = join("versions", VERSIONS.pulumi, "bin");

  /** A provider's folder below the root. */
  plugin(name: string, version: string): string {
    return join("plugins", `resource-${name}-v${version}`);
  }

  /** The path of something below the root. */
  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** What is ours alone in there: the manifest, the lock, and what is being made. */
  get own(): string {
    return this.path("queuehost");
  }
}
