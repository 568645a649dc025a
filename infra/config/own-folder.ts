import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes the folder of a project in which queuehost keeps what is its own: nothing of it belongs into a repository. */
export function ownFolder(project: string): string {
  const folder = join(project, ".queuehost");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Whatever the project's own .gitignore says.
  writeFileSync(join(folder, ".gitignore"), "*\n");
  return folder;
}
