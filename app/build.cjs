/**
 * Builds the artefact of a release, which needs nothing but Node: dist/{backend,worker,smoke,jobs-command}/main.cjs, dist/lib (what
 * they load when it is first used), dist/public, dist/board (Bull Board's own files) and dist/package.json. The same sources give
 * the same bytes.
 *
 * Usage: node build.cjs [folder, default dist]
 */
const { cpSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join, resolve } = require("node:path");
const { build } = require("esbuild");
const { writeTypes } = require("./types.cjs");

const ENTRIES = ["backend", "worker", "smoke", "jobs-command"];

/** Large, and used by some jobs or settings alone: files of their own, which a process that doesn't need them never reads. */
const APART = [
  "@agendajs/mongo-backend",
  "@agendajs/postgres-backend",
  "@agendajs/redis-backend",
  "jimp",
  "nodemailer",
];
const fileOf = (name) => `lib/${name.replace("@", "").replace("/", "-")}`;

const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) => {
      if (!APART.includes(path) || kind === "entry-point") return undefined;
      return { path: `../${fileOf(path)}.cjs`, external: true };
    });
  },
};

async function main() {
  const out = resolve(process.argv[2] ?? join(__dirname, "dist"));
  writeTypes();
  rmSync(out, { recursive: true, force: true });
  const entries = ENTRIES.map((name) => [`${name}/main`, `src/${name}.ts`]);
  const libraries = APART.map((name) => [fileOf(name), name]);
  await build({
    absWorkingDir: __dirname,
    entryPoints: Object.fromEntries([...entries, ...libraries]),
    outdir: out,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    plugins: [apart],
    // import() of a file of our own finds its names by `require` alone.
    supported: { "dynamic-import": false },
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
