import { buildSync } from "esbuild";

/** A program of one file, with the packages that it imports in it: what a test's application runs on a server. */
export function bundled(contents: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: __dirname },
    bundle: true,
    minify: true,
    platform: "node",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
