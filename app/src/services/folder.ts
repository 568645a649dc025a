import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SettingsInvalid, Unrecoverable } from "queuehost/jobs";
import { z } from "zod";

/** A name without a path: what a payload may say about a file. */
export const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, "should be a file's name: letters, digits, `.`, `_` and `-`");

/** A half-written file older than this, in milliseconds, belongs to a process that died. */
const ABANDONED_MS = 60 * 60 * 1000;

/** A folder of files that are there whole or not at all. Nothing outside of it is read, written or removed. */
export class Folder {
  constructor(
    readonly path: string,
    /** The variable that names it, for messages. */
    private readonly key: string,
  ) {}

  /** @throws SettingsInvalid when it can't be made */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o750 });
      await this.removeOlder(ABANDONED_MS, (name) => name.endsWith(".part"));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SettingsInvalid([`${this.key}: should be a folder that this user can write to (${why})`]);
    }
  }

  /**
   * Opens a file for reading; a link is refused, since it may lead elsewhere.
   *
   * @throws Unrecoverable where there is no such file: another run wouldn't find it either
   */
  async read(name: string): Promise<FileHandle> {
    try {
      return await open(this.file(name), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ELOOP") throw new Unrecoverable(`there is no file ${name} in ${this.key}`);
      throw error;
    }
  }

  /**
   * Writes a file, replacing what was there: on disk when this resolves, and nothing of it where `write` or the signal ends it.
   *
   * @param name may depend on what was written
   * @returns what `write` gave
   */
  async write<T>(
    name: string | ((written: T) => string),
    write: (file: FileHandle) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const part = join(this.path, `.${randomUUID()}.part`);
    const handle = await open(part, "wx", 0o640);
    try {
      const result = await write(handle);
      await handle.sync();
      signal?.throwIfAborted();
      await rename(part, this.file(typeof name === "string" ? name : name(result)));
      return result;
    } finally {
      await handle.close().catch(() => {});
      await rm(part, { force: true });
    }
  }

  /** Removes files older than `ms`, but no links and no folders. @returns their names */
  async removeOlder(ms: number, which: (name: string) => boolean): Promise<string[]> {
    const removed: string[] = [];
    for (const name of await readdir(this.path)) {
      if (!which(name)) continue;
      const found = await lstat(join(this.path, name)).catch(() => undefined);
      if (!found?.isFile() || Date.now() - found.mtimeMs <= ms) continue;
      await rm(join(this.path, name), { force: true });
      removed.push(name);
    }
    return removed;
  }

  private file(name: string): string {
    const parsed = fileName.safeParse(name);
    if (!parsed.success) throw new Unrecoverable(`${JSON.stringify(name)} is not a file's name`);
    return join(this.path, parsed.data);
  }
}
