import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, link, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError } from "../config";
import { reason } from "../log";

/** A confirmation that is there for good. */
export interface Confirmation {
  html: string;
  confirmedAt: Date;
}

/** A half-written file older than this, in milliseconds, belongs to a process that died. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * The confirmations under a state folder, which is made when it is missing.
 *
 * @throws ConfigError when it can't be made.
 */
export async function openConfirmations(stateDir: string): Promise<Confirmations> {
  const confirmations = new Confirmations(stateDir);
  await confirmations.prepare().catch((error: unknown) => {
    throw new ConfigError(`STATE_DIR: should be a folder that this user can write to (${reason(error)})`);
  });
  return confirmations;
}

/** The confirmations on disk: one file a reservation, created whole and once, whoever gets there first. */
export class Confirmations {
  private readonly folder: string;

  constructor(stateDir: string) {
    this.folder = resolve(stateDir, "confirmations");
  }

  /** Makes the folder and removes what killed processes left half-written. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    for (const name of await readdir(this.folder)) {
      if (!name.endsWith(".part")) continue;
      const file = join(this.folder, name);
      const found = await stat(file).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
    }
  }

  /** Rejects when no confirmation could be written. */
  async assertWritable(): Promise<void> {
    await access(this.folder, constants.W_OK);
  }

  async find(id: string): Promise<Confirmation | undefined> {
    try {
      const [html, { mtime }] = await Promise.all([readFile(this.file(id), "utf8"), stat(this.file(id))]);
      return { html, confirmedAt: mtime };
    } catch (error) {
      if (isCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /**
   * Creates the file of a reservation, on disk when this resolves.
   *
   * @returns false when it was there already: linking fails where the name exists, so of any number of processes that
   *   try at the same time exactly one creates it.
   */
  async create(id: string, html: string): Promise<boolean> {
    const part = join(this.folder, `.${id}.${randomUUID()}.part`);
    try {
      await writeDurably(part, html);
      await link(part, this.file(id));
    } catch (error) {
      if (isCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      await rm(part, { force: true });
    }
    await syncFolder(this.folder);
    return true;
  }

  async remove(id: string): Promise<void> {
    await rm(this.file(id), { force: true });
  }

  /** Removes the confirmations whose ids match and that are older than `ms`. */
  async removeOld(ids: RegExp, ms: number): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const id = basename(name, ".html");
      if (name === id || !ids.test(id)) continue;
      const found = await stat(this.file(id)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > ms) await this.remove(id);
    }
  }

  private file(id: string): string {
    return join(this.folder, `${id}.html`);
  }
}

async function writeDurably(file: string, content: string): Promise<void> {
  const handle = await open(file, "wx", 0o640);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
