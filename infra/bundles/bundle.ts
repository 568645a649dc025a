import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { pack as tarPack } from "tar-stream";

/** One file of a bundle; `path` is relative to the folder in which apply.sh runs. */
export interface BundleFile {
  readonly path: string;
  readonly content: string;
  /** 0o755 for scripts, 0o644 otherwise. */
  readonly mode: number;
}

/** Everything one concern needs on the server, ready to be applied there by its `apply.sh`. */
export interface Bundle {
  readonly concern: string;
  /** Sorted by path, so that equal contents have equal digests. */
  readonly files: readonly BundleFile[];
  /** sha256 over paths, modes and contents, in hex. */
  readonly digest: string;
}

const HOST = resolve(__dirname, "../../host");

/** Makes a bundle of the given files. Throws when two of them have the same path: one would silently win. */
export function bundle(concern: string, files: readonly BundleFile[]): Bundle {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash("sha256");
  for (const [index, file] of sorted.entries()) {
    if (sorted[index + 1]?.path === file.path) throw new Error(`bundle ${concern}: ${file.path} is in it twice`);
    hash.update(`${file.path}\0${file.mode.toString(8)}\0${Buffer.byteLength(file.content)}\0${file.content}`);
  }
  return { concern, files: sorted, digest: hash.digest("hex") };
}

/**
 * The files of `host/<concern>/` plus `host/lib.sh`, as they stand; templates (`*.in`) are rendered with `values` and lose
 * their ending. `verify.sh` stays behind: it is for the verification.
 *
 * @param except files that the bundle takes in another form, by their path in the folder
 */
export function hostFiles(
  concern: string,
  values: Readonly<Record<string, string>> = {},
  except: readonly string[] = [],
): BundleFile[] {
  const root = join(HOST, concern);
  const unused = new Set(Object.keys(values));
  const files = walk(root)
    .filter((path) => !["verify.sh", ...except].includes(relative(root, path)))
    .map((path) => {
      const text = readFileSync(path, "utf8");
      const name = relative(root, path);
      const mode = statSync(path).mode & 0o111 ? 0o755 : 0o644;
      if (!name.endsWith(".in")) return { path: name, content: text, mode };
      const { content, used } = render(`host/${concern}/${name}`, text, values);
      for (const key of used) unused.delete(key);
      return { path: name.slice(0, -3), content, mode };
    });
  if (unused.size > 0) throw new Error(`host/${concern}: no template uses ${[...unused].join(", ")}`);
  return [...files, hostFile("lib.sh")];
}

/** A file of `host/` as it stands. */
export function hostFile(path: string): BundleFile {
  return { path: basename(path), content: readFileSync(join(HOST, path), "utf8"), mode: 0o644 };
}

/** Replaces each `@key@` of a template by its value. A placeholder without a value throws: half-rendered files never leave. */
export function render(
  where: string,
  template: string,
  values: Readonly<Record<string, string>>,
): { content: string; used: Set<string> } {
  const used = new Set<string>();
  const content = template.replace(/@([a-z][A-Za-z0-9]*)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`${where}: no value for @${key}@`);
    used.add(key);
    return value;
  });
  return { content, used };
}

/** The bundle as base64 of a tar.gz without times or owners: equal bundles pack to equal strings. */
export async function pack({ files }: Bundle): Promise<string> {
  const tar = tarPack();
  const chunks: Buffer[] = [];
  tar.on("data", (chunk) => chunks.push(chunk as Buffer));
  const done = new Promise<void>((settle, fail) => tar.on("end", settle).on("error", fail));
  for (const { path, content, mode } of files) tar.entry({ name: path, mode, mtime: new Date(0) }, content);
  tar.finalize();
  await done;
  return gzipSync(Buffer.concat(chunks), { level: 9 }).toString("base64");
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)]));
}
