import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOfSources } from "./digest";
import { cliDownload, pluginDownload } from "./download";
import { answers, serves } from "./faults";
import { fromGo, goBuild } from "./go";
import { Home } from "./home";
import { namesIn } from "./inspect";
import type { Part, Way } from "./part";
import { fromPath } from "./path";
import { VERSIONS } from "./versions";

/** Pulumi's own name for the variable that holds the version of a program. */
const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** All parts of the engine, in the order in which they need each other. */
export function partsOf(home: Home): Part[] {
  return [cli(home), languageHost(home), hcloudProvider(home), commandProvider(home)];
}

function cli(home: Home): Part {
  const file = "pulumi";
  const target = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
  return {
    name: "cli",
    version: VERSIONS.pulumi,
    title: "Pulumi command line",
    folder: home.bin,
    file,
    fault: answers("version", VERSIONS.pulumi),
    ways: [fromPath(home, file), cliDownload(), built("cli", file, `v${VERSIONS.pulumi}`, target)],
  };
}

function languageHost(home: Home): Part {
  const file = "pulumi-language-nodejs";
  const target = "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs";
  return {
    name: "language-nodejs",
    version: VERSIONS.pulumi,
    title: "Pulumi language host for Node.js",
    folder: home.bin,
    file,
    fault: serves,
    ways: [fromPath(home, file), cliDownload(), built("language-nodejs", file, `v${VERSIONS.languageHostSdk}`, target)],
  };
}

function built(module: string, file: string, version: string, target: string): Way {
  return fromGo(module, (into) => [
    { what: "building", file: "go", args: goBuild(join(into, file), VERSION_VARIABLE, version, target) },
  ]);
}

function hcloudProvider(home: Home): Part {
  const file = "pulumi-resource-hcloud";
  const build = (output: string, target: string) =>
    goBuild(output, "queuehost/engine/provider-hcloud/hcloud.Version", VERSIONS.hcloud, target);
  return {
    name: "provider-hcloud",
    version: VERSIONS.hcloud,
    title: "Pulumi provider hcloud",
    folder: home.plugin("hcloud", VERSIONS.hcloud),
    file,
    fault: answers("--version", VERSIONS.hcloud),
    ways: [
      pluginDownload(home, "hcloud", VERSIONS.hcloud),
      fromGo("provider-hcloud", (into) => [
        { what: "building its generator", file: "go", args: build("generate", "./tfgen") },
        { what: "generating its schema", file: "./generate", args: ["schema", "--out", "."] },
        { what: "building", file: "go", args: build(join(into, file), ".") },
      ]),
    ],
  };
}

function commandProvider(home: Home): Part {
  return {
    name: "provider-command",
    version: VERSIONS.command,
    title: "Pulumi provider command",
    folder: home.plugin("command", VERSIONS.command),
    file: "pulumi-resource-command",
    fault: serves,
    ways: [pluginDownload(home, "command", VERSIONS.command), commandStandIn()],
  };
}

/** Our own provider that speaks the official one's schema; the module proxies don't carry that one. */
function commandStandIn(): Way {
  return {
    source: "stand-in",
    recipe: () => digestOfSources(join(__dirname, "command-provider")),
    async stage(into, progress) {
      progress.at("bundling our stand-in");
      const other = new Home(join(dirname(into), "stand-in"));
      mkdirSync(other.path("plugins"), { recursive: true });
      // Loaded only here: it brings a bundler, which a run with everything in place doesn't need.
      const { installCommandProvider } = await import("./command-provider/install.js");
      await installCommandProvider(other.path("plugins"));
      const folder = other.path(other.plugin("command", VERSIONS.command));
      for (const name of namesIn(folder)) renameSync(join(folder, name), join(into, name));
      return undefined;
    },
  };
}
