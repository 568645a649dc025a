import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ReleaseError } from "./error";

/** What a release needs to know of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
  readonly packageManager?: string;
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly gypfile?: boolean;
}

/**
 * The package.json in a folder.
 * @throws ReleaseError where there is none, or it is no JSON
 */
export function readManifest(folder: string): Manifest {
  const file = join(folder, "package.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new ReleaseError(`${folder}: should be the folder of an application, with a package.json; there is none`);
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new ReleaseError(`${file}: should be JSON; ${error instanceof Error ? error.message : error}`);
  }
}
