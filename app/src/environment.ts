import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { loadEnvFile } from "node:process";
import { ConfigError } from "./config";

/**
 * Loads the `.env` that belongs to an entry point, if there is one. Variables that are already set win.
 *
 * @param folder Folder of the entry point. Its own `.env` comes first, then that of the parent folder: the root of the
 *   release, or the application's folder when it runs from source.
 * @throws ConfigError when the file is there but can't be read.
 */
export function loadEnvironment(folder: string): void {
  const candidates = [join(folder, ".env"), join(folder, "..", ".env")];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) return;
  try {
    loadEnvFile(file);
  } catch (error) {
    throw new ConfigError(`${file}: can't be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

/**
 * The release that this process runs: RELEASE, else the name of the folder that holds the entry point's folder, where
 * that is a digest (`releases/<id>/backend/main.cjs`), else "development".
 */
export function releaseId(folder: string, env: Record<string, string | undefined>): string {
  if (env.RELEASE) return env.RELEASE;
  const name = basename(dirname(folder));
  return /^[0-9a-f]{12}$/.test(name) ? name : "development";
}
