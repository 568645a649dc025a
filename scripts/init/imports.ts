import { posix } from "node:path";
import type { App } from "./finding";

const IMPORT = /(?:\bfrom\s*|\brequire\s*\(\s*|\bimport\s*\(?\s*)["'](\.{1,2}\/[^"']*|\.{1,2})["']/g;
const ENDINGS = [".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"];

/** Which of an application's files import which; each file is read once. */
export class Imports {
  private readonly from = new Map<string, string[]>();
  private readonly to = new Map<string, string[]>();

  constructor({ files }: App) {
    for (const { path } of files) {
      this.from.set(path, []);
      this.to.set(path, []);
    }
    for (const { path, text } of files)
      for (const [, target = ""] of text.matchAll(IMPORT)) {
        const found = this.resolve(posix.join(posix.dirname(path), target));
        if (found === undefined) continue;
        this.from.get(path)?.push(found);
        this.to.get(found)?.push(path);
      }
  }

  /** The file that a path means to Node and TypeScript: with its ending left out, with .js for a .ts, or as a folder's index. */
  resolve(path: string): string | undefined {
    const bare = path.replace(/\.([cm]?)jsx?$/, "");
    const names = [path, bare, posix.join(path, "index")].flatMap((name) => [
      name,
      ...ENDINGS.map((ending) => name + ending),
    ]);
    return names.find((name) => this.from.has(name));
  }

  /** Everything that a file leads to, itself included. */
  reachedFrom(path: string): Set<string> {
    return closure([path], this.from);
  }

  /** The files that begin what leads to one of these: those that nobody imports. */
  entriesOf(paths: readonly string[]): string[] {
    return [...closure(paths, this.to)].filter((one) => this.to.get(one)?.length === 0);
  }
}

function closure(starts: readonly string[], next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set(starts);
  // What is added while a set is walked is walked too.
  for (const path of seen) for (const one of next.get(path) ?? []) seen.add(one);
  return seen;
}
