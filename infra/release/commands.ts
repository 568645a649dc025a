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
  const resolved = new Map(listed(app).map(([key, command]) => [key, resolveCommand(key, command, manifest, manager)]));
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

/** One command, with every script in it replaced. */
export function resolveCommand(key: string, command: string, manifest: Manifest, manager: Manager, depth = 0): string {
  if (depth > DEPTH) throw new ReleaseError(`${key}: ${command} leads from script to script without end`);
  return splitCommands(command)
    .map((part) => {
      const [, blank = "", text = ""] = /^(\s*)(.*)$/s.exec(part) ?? [];
      return isOperator(part) ? part : `${blank}${resolveOne(key, text, manifest, manager, depth)}`;
    })
    .join("");
}

function resolveOne(key: string, command: string, manifest: Manifest, manager: Manager, depth: number): string {
  const words = command.split(/\s+/);
  const [program = "", ...rest] = words;
  if (program === "npx") return rest.filter((word) => !/^(-y|--yes|--no-install|--no)$/.test(word)).join(" ");
  if (program !== "npm" && program !== "pnpm" && program !== "yarn") return command;
  const silent = rest.filter((word, index) => !(index < 2 && /^(-s|--silent)$/.test(word)));
  const [verb = "", ...args] = silent;
  const { scripts = {} } = manifest;
  const onlyScripts = verb === "run" || verb === "run-script";
  const name = onlyScripts ? args.shift() : verb;
  const passed = (args[0] === "--" ? args.slice(1) : args).join(" ");
  const isScript = onlyScripts || (program === "npm" ? NPM_SCRIPTS.has(verb) : verb in scripts);
  if (!isScript) {
    if (verb === "exec") return passed;
    if (program !== "npm" && /^[a-z]/.test(verb) && passed !== undefined) return silent.join(" ");
    throw new ReleaseError(
      `${key}: ${command} can't run on the server, which has no ${program}; name the command itself`,
    );
  }
  const script = scripts[name ?? ""];
  if (name === undefined || script === undefined) {
    const existing = Object.keys(scripts).join(", ");
    throw new ReleaseError(
      `${key}: ${command} should run a script of package.json, which ${existing === "" ? "has none" : `has ${existing}`}`,
    );
  }
  assertAlone(key, command, name, scripts, manager);
  return resolveCommand(key, passed === "" ? script : `${script} ${passed}`, manifest, manager, depth + 1);
}

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
