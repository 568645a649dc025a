import type { AppSource, Commands } from "./app";
import { ReleaseError } from "./error";
import type { Manager } from "./manager";
import type { Manifest } from "./manifest";

/** Subcommands that npm has for scripts of the same name. */
const NPM_SCRIPTS = new Set(["start", "stop", "restart", "test"]);

/** What scripts lead to may lead on; more than this is a circle. */
const DEPTH = 8;

/** Commands by the key that each is configured with. */
export function listed({ backend, workers, migrate, smokeTest }: Commands): [key: string, command: string][] {
  const all = [
    ["app.backend", backend],
    ...Object.entries(workers).map(([group, command]) => [
      group === "" ? "app.worker" : `app.worker.${group}`,
      command,
    ]),
    ["app.migrate", migrate],
    ["app.smokeTest", smokeTest],
  ];
  return all.filter((pair): pair is [string, string] => pair[1] !== undefined);
}

/**
 * The commands as the server runs them: it has Node and the release, but no package manager, so scripts are replaced by what
 * they run.
 *
 * @throws ReleaseError naming the configuration key, for what can't be replaced
 */
export function resolveCommands(app: AppSource, manifest: Manifest, manager: Manager): Commands {
  const resolved = new Map(
    listed(app).map(([key, command]) => [key, oneLine(key, resolveCommand(key, command, manifest, manager))]),
  );
  const own = (name: keyof Commands) => {
    const command = resolved.get(`app.${name}`);
    return command === undefined ? {} : { [name]: command };
  };
  const workers = Object.keys(app.workers).map((group) => [
    group,
    resolved.get(group === "" ? "app.worker" : `app.worker.${group}`),
  ]);
  return { ...own("backend"), ...own("migrate"), ...own("smokeTest"), workers: Object.fromEntries(workers) };
}

/** A unit of the server holds a command as one line. */
function oneLine(key: string, command: string): string {
  if (/\p{Cc}/u.test(command))
    throw new ReleaseError(`${key}: should come to one line without tabs, comes to ${JSON.stringify(command)}`);
  return command;
}

/** One command, with every script in it replaced. */
export function resolveCommand(key: string, command: string, manifest: Manifest, manager: Manager, depth = 0): string {
  if (depth > DEPTH) throw new ReleaseError(`${key}: ${command} leads from script to script without end`);
  return splitCommands(command)
    .map((part) => {
      const [, before = "", text = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(part) ?? [];
      return isOperator(part) ? part : `${before}${resolveOne(key, text, manifest, manager, depth)}${after}`;
    })
    .join("");
}

/** Assignments before a command, and whether it takes the shell's place. */
const PREFIX = /^((?:[A-Za-z_]\w*=(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])*\s+)*)(exec\s+)?(.*)$/s;

/** A package manager where another program than Node is to start it. */
const NEEDS_MANAGER = /(?:^|[\s'"(])(npm|npx|pnpm|yarn|corepack)(?=$|[\s:])/;

function resolveOne(key: string, command: string, manifest: Manifest, manager: Manager, depth: number): string {
  const [, assignments = "", exec = "", bare = ""] = PREFIX.exec(command) ?? [];
  const resolved = resolveBare(key, bare, manifest, manager, depth);
  if (resolved === bare) {
    const needed = /^node\s/.test(bare) ? undefined : NEEDS_MANAGER.exec(bare)?.[1];
    if (needed === undefined) return command;
    throw new ReleaseError(
      `${key}: ${command} needs ${needed}, and there is no package manager on the server; name what ${needed} would run`,
    );
  }
  const parts = splitCommands(resolved);
  if (parts.length === 1) return `${assignments}${exec}${resolved}`;
  // They hold for the whole of a script.
  return parts
    .map((part) => (isOperator(part) ? part : part.replace(/^[\s(]*/, (start) => start + assignments)))
    .join("");
}

/** A command without assignments; the same one where there is nothing to replace. */
function resolveBare(key: string, command: string, manifest: Manifest, manager: Manager, depth: number): string {
  const [program = "", ...words] = command.split(/\s+/);
  if (program === "npx") {
    const named = withoutDashes(words.filter((word) => !/^(-y|--yes|--no|--no-install)$/.test(word)));
    return named.startsWith("-") ? command : named;
  }
  if (program !== "npm" && program !== "pnpm" && program !== "yarn") return command;
  const [verb = "", ...rest] = words.filter((word, index) => index > 1 || !/^(-s|--silent)$/.test(word));
  if (verb === "exec") return withoutDashes(rest);
  const isRun = verb === "run" || verb === "run-script";
  const [name = "", ...args] = isRun ? rest : [verb, ...rest];
  const { scripts = {} } = manifest;
  const script = isRun || program !== "npm" || NPM_SCRIPTS.has(verb) ? scripts[name] : undefined;
  if (script === undefined) {
    const names = Object.keys(scripts).join(", ");
    throw new ReleaseError(
      `${key}: ${command} should run a script of package.json, which has ${names === "" ? "none" : names}; the server has no ${program}: a program that a package brings is called by its own name`,
    );
  }
  assertAlone(key, command, name, scripts, manager);
  return resolveCommand(key, [script, withoutDashes(args)].join(" ").trim(), manifest, manager, depth + 1);
}

/** Arguments for a script stand behind two dashes. */
const withoutDashes = (words: readonly string[]) => (words[0] === "--" ? words.slice(1) : words).join(" ");

/** npm and yarn 1 run `prestart` before `start`; pnpm and later yarns don't. */
function assertAlone(
  key: string,
  command: string,
  name: string,
  scripts: Readonly<Record<string, string>>,
  manager: Manager,
): void {
  if (manager.name === "pnpm" || manager.berry) return;
  const extra = [`pre${name}`, `post${name}`].find((candidate) => candidate in scripts);
  if (extra !== undefined)
    throw new ReleaseError(
      `${key}: ${command} would run the script "${extra}" (${scripts[extra]}) as well; name the command itself (${scripts[name]}), and put the other into app.build or app.migrate`,
    );
}

const isOperator = (part: string) => /^(&&|\|\||;|\|)$/.test(part);

/** A shell line in its commands and the operators between them; quotes are respected. */
export function splitCommands(line: string): string[] {
  const parts = line.match(/&&|\|\||[;|]|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|&(?!&)|[^&|;'"\\]|['"])+/gs);
  return parts ?? [line];
}
