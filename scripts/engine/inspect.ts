import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { contentOf } from "./digest";
import type { Home } from "./home";
import type { Entry, Manifest } from "./manifest";
import type { Part, Source } from "./part";

/** How a part stands: in place (and whether anybody wrote down what it is), or not, and why. */
export type State =
  | { readonly ok: true; readonly source: Source; readonly recorded: boolean }
  | { readonly ok: false; readonly reason: string };

/**
 * Looks at a part without changing anything. What is recorded has to be what it was, byte by byte; what isn't, somebody else
 * put there, and it has to start and be of the version.
 */
export async function inspect(home: Home, manifest: Manifest, part: Part): Promise<State> {
  const executable = home.path(part.folder, part.file);
  if (!existsSync(executable)) return missing(part);
  // The engine leaves this file beside a plugin whose installation hasn't ended, and then doesn't take the plugin.
  if (existsSync(`${home.path(part.folder)}.partial`)) return { ok: false, reason: "its download didn't end" };
  const known = manifest.read();
  const own = known[join(part.folder, part.file)];
  if (own === undefined) {
    const fault = await part.fault(executable);
    return fault ? { ok: false, reason: fault } : { ok: true, source: "home", recorded: false };
  }
  const outdated = part.ways.some((way) => way.source === own.source && way.recipe && way.recipe() !== own.recipe);
  if (outdated) return { ok: false, reason: "what it is made from has changed" };
  const files = Object.entries(known).filter(([path]) => belongsTo(part, path));
  for (const [path, entry] of files) {
    const change = await changed(home.path(path), entry);
    if (change) return { ok: false, reason: `${path} ${change}` };
  }
  return { ok: true, source: own.source, recorded: true };
}

function missing(part: Part): State {
  return { ok: false, reason: `there is no ${join(part.folder, part.file)}` };
}

/** In a plugin's folder everything belongs to it; the command line shares its folder with the language host. */
function belongsTo(part: Part, path: string): boolean {
  return part.folder.startsWith("plugins") ? path.startsWith(`${part.folder}/`) : path === join(part.folder, part.file);
}

async function changed(file: string, entry: Entry): Promise<string | undefined> {
  try {
    const { sha256, size } = await contentOf(file);
    if (size !== entry.size) return `is damaged: ${size} bytes, it had ${entry.size}`;
    return sha256 === entry.sha256 ? undefined : "is damaged: it isn't what was put there";
  } catch {
    return "can't be read";
  }
}

/** The names in a folder; none where there is no folder. */
export function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
