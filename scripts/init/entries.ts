import { posix } from "node:path";
import type { App, SourceFile } from "./finding";
import { type Process, textOf } from "./scripts";

const IMPORT = /(?:\bfrom\s*|\brequire\s*\(\s*|\bimport\s*\(?\s*)["'](\.{1,2}\/[^"']*|\.{1,2})["']/g;
const WORKS = /\bnew\s+Worker\s*(?:<[^(]*>)?\s*\(|@Processor\s*\(/;

/**
 * Files that begin a worker and that no command names: those with a BullMQ worker, or that import one, which neither the
 * backend nor another worker reaches.
 *
 * @param commands what runs already
 */
export function unnamedWorkers(app: App, commands: readonly string[]): Process[] {
  const reached = new Set(commands.flatMap((command) => reach(app, entryOf(app, command))));
  const works = app.files.filter(({ path, text }) => WORKS.test(text) && /bullmq/.test(text) && !reached.has(path));
  if (works.length === 0) return [];
  const importers = (path: string) => app.files.filter((file) => importsOf(app, file).includes(path));
  const entries = new Set(works.flatMap(({ path }) => top(path, importers)));
  return [...entries].flatMap((path) => {
    const built = builtFrom(app, path);
    const why = `${path} begins a worker of BullMQ, and nothing in package.json runs it`;
    return built === undefined ? [] : [{ name: groupOf(path, entries.size), command: `node ${built}`, why }];
  });
}

/** Whether the backend does the workers' work itself. */
export function worksItself(app: App, backend: string | undefined): boolean {
  const reached = new Set(backend === undefined ? [] : reach(app, entryOf(app, backend)));
  return app.files.some(({ path, text }) => reached.has(path) && WORKS.test(text) && /bullmq/.test(text));
}

/** The source of the file that a command runs. */
function entryOf(app: App, command: string): string | undefined {
  const file = /(?:^|\s)(?:node|tsx|ts-node)\s+(?:-\S+\s+)*([\w./-]+)/
    .exec(textOf(app, command))?.[1]
    ?.replace(/^\.\//, "");
  if (file === undefined) return undefined;
  const { outDir, rootDir } = layout(app);
  const written = file.startsWith(`${outDir}/`) ? posix.join(rootDir, file.slice(outDir.length + 1)) : file;
  return resolveFile(app, written) ?? resolveFile(app, file);
}

/** Everything that a file imports, itself included. */
function reach(app: App, entry: string | undefined): string[] {
  const seen = new Set<string>();
  const queue = entry === undefined ? [] : [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const file = app.files.find((one) => one.path === path);
    if (file) queue.push(...importsOf(app, file));
  }
  return [...seen];
}

function importsOf(app: App, { path, text }: SourceFile): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, target = ""]) => {
    const found = resolveFile(app, posix.join(posix.dirname(path), target));
    return found === undefined ? [] : [found];
  });
}

/** As Node and TypeScript find it: with its ending left out, with .js for a .ts, or as a folder's index. */
function resolveFile(app: App, path: string): string | undefined {
  const bare = path.replace(/\.([cm]?)jsx?$/, "");
  const names = [path, bare, `${path}/index`].flatMap((name) => [name, ...ENDINGS.map((ending) => name + ending)]);
  return names.find((name) => app.files.some((file) => file.path === name));
}

const ENDINGS = [".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"];

/** The files that begin what leads to a file: those that nobody imports. */
function top(path: string, importers: (path: string) => readonly SourceFile[], seen = new Set<string>()): string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  const above = importers(path);
  return above.length === 0 ? [path] : above.flatMap((file) => top(file.path, importers, seen));
}

/** What runs on the server for a source: itself, or what the compiler makes of it; undefined where that isn't known. */
function builtFrom(app: App, path: string): string | undefined {
  if (/\.[cm]?js$/.test(path) && layout(app).outDir === "") return path;
  const { outDir, rootDir } = layout(app);
  if (outDir === "" || !path.startsWith(rootDir === "" ? "" : `${rootDir}/`)) return undefined;
  return posix.join(outDir, posix.relative(rootDir, path).replace(/\.([cm]?)ts$/, ".$1js"));
}

/** Where the TypeScript compiler reads and writes; outDir is "" where there is none. */
function layout(app: App): { outDir: string; rootDir: string } {
  const text = (app.read("tsconfig.build.json") || app.read("tsconfig.json")).replace(/^\s*\/\/.*$/gm, "");
  const value = (key: string) => new RegExp(`"${key}"\\s*:\\s*"([^"]*)"`).exec(text)?.[1]?.replace(/^\.\/|\/$/g, "");
  const outDir = value("outDir") ?? "";
  return { outDir, rootDir: value("rootDir") ?? (app.files.some(({ path }) => path.startsWith("src/")) ? "src" : "") };
}

/** The name of a worker's group, from its file's: src/workers/mail.ts is mail; the only one needs none. */
function groupOf(path: string, count: number): string {
  if (count === 1) return "";
  const name = posix.basename(path).replace(/\.[^.]+$/, "");
  const meant = /^(index|main|worker)$/.test(name) ? posix.basename(posix.dirname(path)) : name;
  return meant
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-?(workers?|processor)-?/, "")
    .replace(/^[^a-z]+|-+$/g, "");
}
