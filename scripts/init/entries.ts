import { posix } from "node:path";
import type { App, SourceFile } from "./finding";
import type { Imports } from "./imports";
import { type Process, textOf } from "./scripts";

const WORKS = /\bnew\s+Worker\s*(?:<[^(]*>)?\s*\(|@Processor\s*\(/;

const works = ({ text }: SourceFile) => WORKS.test(text) && /bullmq/.test(text);

/**
 * Files that begin a worker and that no command names: those with a BullMQ worker, or that import one, which neither the
 * backend nor another worker reaches.
 *
 * @param commands what runs already
 */
export function unnamedWorkers(app: App, imports: Imports, commands: readonly string[]): Process[] {
  const reached = new Set(commands.flatMap((command) => [...reachedBy(app, imports, command)]));
  const workers = app.files.filter((file) => !reached.has(file.path) && works(file));
  const entries = imports.entriesOf(workers.map(({ path }) => path));
  return entries.flatMap((path) => {
    const built = builtFrom(app, path);
    const why = `${path} begins a worker of BullMQ, and nothing in package.json runs it`;
    return built === undefined ? [] : [{ name: groupOf(path, entries.length), command: `node ${built}`, why }];
  });
}

/** Whether the backend does the workers' work itself. */
export function worksItself(app: App, imports: Imports, backend: string | undefined): boolean {
  if (backend === undefined) return false;
  const reached = reachedBy(app, imports, backend);
  return app.files.some((file) => reached.has(file.path) && works(file));
}

/** The files that a command leads to; none where the one that it runs isn't known. */
function reachedBy(app: App, imports: Imports, command: string): ReadonlySet<string> {
  const entry = entryOf(app, imports, command);
  return entry === undefined ? new Set() : imports.reachedFrom(entry);
}

/** The source of the file that a command runs. */
function entryOf(app: App, imports: Imports, command: string): string | undefined {
  const file = /(?:^|\s)(?:node|tsx|ts-node)\s+(?:-\S+\s+)*([\w./-]+)/
    .exec(textOf(app, command))?.[1]
    ?.replace(/^\.\//, "");
  if (file === undefined) return undefined;
  const { outDir, rootDir } = layout(app);
  const written = file.startsWith(`${outDir}/`) ? posix.join(rootDir, file.slice(outDir.length + 1)) : file;
  return imports.resolve(written) ?? imports.resolve(file);
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
