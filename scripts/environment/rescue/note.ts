import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ownFolder } from "../../../infra/config/own-folder";
import { PROJECT } from "../../lib/places";

const Note = z.object({
  /** Hetzner's id of the server that goes, or has gone. */
  server: z.string(),
  /** The address that it had. */
  address: z.string().optional(),
  /** When that began. */
  since: z.coerce.date(),
  /** The backup that is brought back; absent where it is the newest one at `backups.to`. */
  id: z.string().optional(),
  /** Whether it is in service again, though the verification isn't content. */
  restored: z.boolean().optional(),
  /** Backups that are kept as files beside the note. */
  files: z.array(z.string()),
});

/** What has to be brought back once there is a new server. */
export type Note = z.infer<typeof Note>;

/** What a `recreate` keeps on this computer until its backup is in service: whoever interrupts it finds that again. */
export class Kept {
  readonly folder: string;
  private readonly file: string;

  constructor(stack: string, project = PROJECT) {
    this.folder = join(ownFolder(project), "recreate", stack.split("/").at(-1) ?? stack);
    this.file = join(this.folder, "note.json");
  }

  /** The path of a backup's file. */
  tar(id: string): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return join(this.folder, `${id}.tar`);
  }

  read(): Note | undefined {
    try {
      return Note.parse(JSON.parse(readFileSync(this.file, "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  write(note: Note): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.file}.new`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
