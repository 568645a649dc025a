import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { Home } from "./home";

const Entry = z.object({
  source: z.enum(["home", "path", "download", "built", "stand-in"]),
  sha256: z.string(),
  size: z.number(),
  recipe: z.string().optional(),
});
const Entries = z.record(z.string(), Entry);

/** What a file was when it was put in place, and where it came from. */
export type Entry = z.infer<typeof Entry>;

/** Remembers, beside the engine, each of its files: so that a damaged one is told from a whole one. */
export class Manifest {
  private readonly file: string;

  constructor(home: Home) {
    this.file = join(home.own, "manifest.json");
  }

  /** All entries by path below the home. Where there is no manifest, or a broken one, nothing is known. */
  read(): Record<string, Entry> {
    try {
      return Entries.parse(JSON.parse(readFileSync(this.file, "utf8")));
    } catch {
      return {};
    }
  }

  /** Adds or replaces entries, in one step. Call it only under the lock. */
  record(entries: Record<string, Entry>): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const fresh = `${this.file}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify({ ...this.read(), ...entries }, null, 2)}\n`);
    renameSync(fresh, this.file);
  }
}
