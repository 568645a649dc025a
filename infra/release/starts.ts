import { existsSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { splitCommands } from "./commands";
import type { Entry } from "./contents";
import { ReleaseError } from "./error";

/** A built release before it is packed. */
export interface Built {
  /** The folder that is packed, absolute. */
  readonly root: string;
  /** Where commands run, relative to it. */
  readonly folder: string;
  readonly entries: readonly Entry[];
  /** Folders with the programs of all installed packages, those of the build included. */
  readonly installed: readonly string[];
}

/** Flags of Node whose value is a word of its own. */
const WITH_VALUE = new Set(
  "-r --require --import --loader --experimental-loader --env-file --env-file-if-exists -C --conditions --title".split(
    " ",
  ),
);

/** Flags by which Node runs no file. */
const WITHOUT_FILE = /^(-e|-p|-pe|--eval|--print|-v|--version|--run|--test|-i|-)$/;

/** Names that are listed in a message. */
const SHOWN = 12;

/**
 * Looks whether a command could start from the release: the file that Node is to run, or the program of a package.
 * @throws ReleaseError naming the configuration key, and what there is instead
 */
export function assertStarts(key: string, command: string, built: Built): void {
  for (const part of splitCommands(command)) {
    const words = part.trim().split(/\s+/);
    while (/^([A-Za-z_]\w*=|exec$)/.test(words[0] ?? "")) words.shift();
    const [program = "", ...args] = words;
    // From another folder names mean other files.
    if (/^\(*(cd|pushd)$/.test(program)) return;
    if (program === "node") assertFile(key, fileOf(args), built);
    else if (program.includes("/")) assertFile(key, program, built);
    else assertProgram(key, program, built);
  }
}

function fileOf(args: readonly string[]): string | undefined {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (WITHOUT_FILE.test(word)) return undefined;
    if (WITH_VALUE.has(word)) index++;
    else if (!word.startsWith("-")) return word;
  }
  return undefined;
}

function assertFile(key: string, quoted: string | undefined, { root, folder, entries }: Built): void {
  const file = quoted?.replace(/^(['"])(.*)\1$/, "$2");
  // What the shell fills in, or what the system has.
  if (file === undefined || file.startsWith("/") || /[$*`]/.test(file)) return;
  const base = join(root, folder);
  const paths = new Set(entries.map(({ path }) => path));
  const candidates = [file, `${file}.js`, `${file}.json`, `${file}.node`, `${file}/index.js`, `${file}/package.json`];
  const travels = (candidate: string) => {
    const path = join(base, candidate);
    if (!existsSync(path) || !statSync(path).isFile()) return false;
    return paths.has(relative(realpathSync(root), realpathSync(path)).split(sep).join("/"));
  };
  if (candidates.some(travels)) return;
  const names = [...new Set([...paths].filter((path) => path.startsWith(folder)).map((path) => firstOf(path, folder)))];
  const shown = names.length > SHOWN ? [...names.slice(0, SHOWN), "..."] : names;
  throw new ReleaseError(
    `${key}: should run a file of the release; ${file} isn't there after the build (it holds: ${shown.join(", ")})`,
  );
}

const firstOf = (path: string, folder: string) =>
  (folder === "" ? path : path.slice(folder.length + 1)).split("/", 1)[0] ?? "";

function assertProgram(key: string, program: string, { folder, entries, installed }: Built): void {
  const shipped = [folder, ""].map((at) => join(at, "node_modules/.bin", program).split(sep).join("/"));
  if (entries.some(({ path }) => shipped.includes(path))) return;
  if (!installed.some((bin) => existsSync(join(bin, program)))) return; // the system's, or the server will say so
  throw new ReleaseError(
    `${key}: runs ${program}, which doesn't travel: it belongs to a package of the build alone; list that under "dependencies", or run what the build makes of it`,
  );
}
