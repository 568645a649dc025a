import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { VERSION } from "./version";

const BUNDLE = "provider.cjs";
const LAUNCHER = "pulumi-resource-command";

/**
 * Puts the stand-in where the engine looks for plugins: one file with everything in it, and its launcher. Does nothing where
 * the same is there already. `pluginsDir` is `$PULUMI_HOME/plugins`.
 */
export async function installCommandProvider(pluginsDir: string): Promise<void> {
  const folder = join(pluginsDir, `resource-command-v${VERSION}`);
  const files = { [BUNDLE]: await bundle(), [LAUNCHER]: launcher(process.execPath) };
  if (Object.entries(files).every(([name, content]) => same(join(folder, name), content))) return;
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) replace(folder, name, content);
}

/** The whole provider as one script, for any Node that may run this project. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "main.ts")],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    write: false,
    logLevel: "silent",
    legalComments: "none",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("the bundler gave no file");
  return file.text;
}

/** Takes the Node on PATH where it is new enough, so that clones can share the plugin; else the one that installed it. */
function launcher(node: string): string {
  const quoted = `'${node.replaceAll("'", "'\\''")}'`;
  return `#!/bin/sh
# queuehost's stand-in for the provider command ${VERSION}; written by its installer.
here=$(dirname "$0")
case $(node --version 2>/dev/null) in
  v2[2-9].* | v[3-9][0-9].*) exec node "$here/${BUNDLE}" "$@" ;;
esac
exec ${quoted} "$here/${BUNDLE}" "$@"
`;
}

function same(file: string, content: string): boolean {
  try {
    return readFileSync(file, "utf8") === content;
  } catch {
    return false;
  }
}

/** Replaces a file in one step: an engine that starts the plugin meanwhile finds the old one or the new one. */
function replace(folder: string, name: string, content: string): void {
  const temporary = mkdtempSync(join(folder, ".new-"));
  try {
    writeFileSync(join(temporary, name), content);
    chmodSync(join(temporary, name), 0o755);
    renameSync(join(temporary, name), join(folder, name));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
