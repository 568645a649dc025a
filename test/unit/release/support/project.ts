import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import type { AppSource, BuildOptions, Release } from "../../../../infra/release";
import { buildRelease, ReleaseError } from "../../../../infra/release";

/** A project in a temporary folder, outside of every repository. */
export class Project {
  private readonly base = mkdtempSync(join(tmpdir(), "queuehost-release-"));
  readonly root = join(this.base, "project");
  readonly out = join(this.base, "out");

  constructor() {
    mkdirSync(this.root);
  }

  write(path: string, content: string | Buffer | object): this {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    const text = typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 2);
    writeFileSync(file, text);
    return this;
  }

  link(path: string, target: string): this {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
    return this;
  }

  delete(path: string): this {
    rmSync(join(this.root, path), { recursive: true });
    return this;
  }

  /** An application at its root, with nothing configured but `parts`. */
  app(parts: Partial<AppSource> = {}): AppSource {
    return { path: this.root, workers: {}, folders: [], node: "24", architecture: "x64", ...parts };
  }

  build(parts: Partial<AppSource> = {}, options: BuildOptions = {}): Promise<Release> {
    return buildRelease(this.app(parts), this.out, options);
  }

  /** What a build says to the user; fails where it is no ReleaseError. */
  async fault(parts: Partial<AppSource> = {}): Promise<string> {
    const error = await this.build(parts).then(
      () => new Error("the build worked"),
      (reason: unknown) => reason,
    );
    if (error instanceof ReleaseError) return error.message.replaceAll(this.root, "<root>");
    throw error;
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** Lockfile of a project without dependencies. */
export const EMPTY_LOCK = { lockfileVersion: 3, packages: {} };

/** The rows of an artefact: mode, owner, time, name and what a link points to. */
export async function rowsOf(file: string): Promise<string[]> {
  const rows: string[] = [];
  const archive = extract();
  archive.on("entry", ({ name, mode = 0, uid, gid, mtime, linkname }, stream, next) => {
    const link = linkname ? ` -> ${linkname}` : "";
    rows.push(`${mode.toString(8)} ${uid}:${gid} ${mtime?.getTime()} ${name}${link}`);
    stream.on("end", next).resume();
  });
  archive.end(gunzipSync(readFileSync(file)));
  await new Promise<void>((settle, fail) => archive.on("finish", settle).on("error", fail));
  return rows;
}

/** The names in an artefact. */
export const namesIn = async ({ file }: Release): Promise<string[]> =>
  (await rowsOf(file)).map((row) => row.split(" ")[3] ?? "");
