/**
 * Builds the artefact of a release: dist/{backend,worker,smoke,jobs-command}/main.cjs, each a single file that needs nothing but Node,
 * dist/public, dist/board (Bull Board's own files) and dist/package.json. The same sources give the same bytes.
 *
 * Usage: node build.cjs [folder, default dist]
 */
const { cpSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join, resolve } = require("node:path");
const { build } = require("esbuild");
const { writeTypes } = require("./types.cjs");

const ENTRIES = ["backend", "worker", "smoke", "jobs-command"];

async function main() {
  const out = resolve(process.argv[2] ?? join(__dirname, "dist"));
  writeTypes();
  rmSync(out, { recursive: true, force: true });
  await build({
    absWorkingDir: __dirname,
    entryPoints: Object.fromEntries(ENTRIES.map((name) => [`${name}/main`, `src/${name}.ts`])),
    outdir: out,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    // A third less; names stay as they are, for the stack of an error.
    minifySyntax: true,
    minifyWhitespace: true,
    alias: { "queuehost/jobs": join(__dirname, "jobs", "index.ts") },
    logLevel: "warning",
  });
  cpSync(join(__dirname, "public"), join(out, "public"), { recursive: true });
  const board = join(dirname(require.resolve("@bull-board/ui/package.json")), "dist");
  cpSync(board, join(out, "board", "dist"), { recursive: true });
  const { name, version } = JSON.parse(readFileSync(join(__dirname, "package.json"), "utf8"));
  writeFileSync(join(out, "package.json"), `${JSON.stringify({ name, version }, null, 2)}\n`);
}

main().catch(() => {
  // esbuild has printed what is wrong and where.
  process.exitCode = 1;
});
