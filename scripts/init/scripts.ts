import type { App, Finding } from "./finding";

/** Of what is in a script's name, what says that it isn't for a server. */
const NOT_FOR_SERVERS =
  /(^|[:_-])(dev|develop|development|watch|test|tests|debug|local|inspect|docker|build|lint|typecheck|ui)($|[:_-])/;
/** Of what a script runs, what says the same: watchers, and programs that start several others. */
const NOT_ONE_PROCESS =
  /\b(nodemon|ts-node-dev|concurrently|npm-run-all|run-p|run-s|turbo|docker|docker-compose|pm2|foreman|nest start|next dev)\b|--watch\b|\bwatch\b|[^&]&\s*(?!&)/;
const PRODUCTION = /[:_-](prod|production|start)$|^start[:_-](?=worker)/g;

/** A process of the application: what it is called, what runs it, and where that stands. */
export interface Process {
  readonly name: string;
  readonly command: string;
  readonly why: string;
}

/** The backend's command; undefined where nothing says what would be one. */
export function backendOf(app: App): Process | undefined {
  const web = procfile(app).find(({ name }) => name === "web");
  if (web) return { ...web, name: "backend" };
  for (const name of ["start:prod", "start:production", "start:server", "start:api", "start", "server", "serve"]) {
    const command = scriptCommand(app, name);
    if (command !== undefined) return { name: "backend", command, why: `script ${name} of package.json` };
  }
  const { main } = app.manifest;
  return main !== undefined &&
    app.files.some(({ path, text }) => path === main.replace(/^\.\//, "") && LISTENS.test(text))
    ? { name: "backend", command: `node ${main}`, why: "main of package.json" }
    : undefined;
}

const LISTENS = /\.listen\s*\(/;

/** Groups of workers, by the name of their group; the unnamed one is "". */
export function workersOf(app: App): Process[] {
  const listed = procfile(app).filter(({ name }) => name !== "web" && name !== "release");
  if (listed.length > 0)
    return listed.map((process) => ({ ...process, name: groupOf(process.name) ?? groupName(process.name) }));
  const groups = new Map<string, Process>();
  for (const script of Object.keys(app.manifest.scripts ?? {})) {
    const name = groupOf(script);
    const command = name === undefined ? undefined : scriptCommand(app, script);
    if (name === undefined || command === undefined) continue;
    // Of worker:mail and worker:mail:prod, the one that says that it is for a server.
    if (groups.has(name) && !/prod/.test(script)) continue;
    groups.set(name, { name, command, why: `script ${script} of package.json` });
  }
  return [...groups.values()];
}

/** The group that a script is of, as its name has it: worker:mail, start:worker, mail-worker, queue:mail; else undefined. */
function groupOf(script: string): string | undefined {
  if (NOT_FOR_SERVERS.test(script)) return undefined;
  const name = script.replace(PRODUCTION, "");
  if (/^(start[:_-])?(workers?|queue[:_-]work(er)?|jobs?|processor)$/.test(name)) return "";
  const [, first, last] = /^(?:workers?|queues?|jobs?)[:_-](.+)$|^(.+)[:_-]workers?$/.exec(name) ?? [];
  const group = first ?? last;
  if (
    group === undefined ||
    /^(clear|clean|empty|flush|pause|resume|board|status|stats|monitor|retry|drain|list|add)/.test(group)
  )
    return undefined;
  return groupName(group);
}

const groupName = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 31);

/** A command that brings the database to the release's schema. */
export function migrationOf(app: App): Finding | undefined {
  for (const name of [
    "migrate:deploy",
    "db:migrate:deploy",
    "migrate:prod",
    "db:migrate:prod",
    "migrate",
    "db:migrate",
    "migration:run",
    "migrations:run",
    "migrate:up",
    "migrate:latest",
    "prisma:migrate:deploy",
    "prisma:migrate",
  ]) {
    const command = scriptCommand(app, name);
    if (command === undefined) continue;
    // `migrate dev` makes migrations, and asks.
    if (/\bprisma migrate dev\b/.test(app.manifest.scripts?.[name] ?? "")) break;
    return { key: "app.migrate", value: command, why: `script ${name} of package.json` };
  }
  return app.read("prisma/schema.prisma") !== "" && app.manifest.dependencies?.prisma !== undefined
    ? { key: "app.migrate", value: "prisma migrate deploy", why: "prisma/schema.prisma" }
    : undefined;
}

/** A command that tries the running application; one that would need a browser or a test runner isn't. */
export function smokeTestOf(app: App): Finding | undefined {
  for (const name of ["smoke", "smoke-test", "smoke:test", "smoketest", "test:smoke"]) {
    const command = scriptCommand(app, name);
    if (command !== undefined && /^node\b/.test(app.manifest.scripts?.[name] ?? ""))
      return { key: "app.smokeTest", value: command, why: `script ${name} of package.json` };
  }
  return undefined;
}

/**
 * How a script is called, where it is one process that a server can run; undefined otherwise. Of one that does something
 * before (`npm run build && node dist`), its last command.
 */
export function scriptCommand(app: App, name: string): string | undefined {
  const { scripts = {} } = app.manifest;
  const text = scripts[name]?.trim() ?? "";
  const last = text.split("&&").at(-1)?.trim() ?? "";
  if (last === "" || NOT_ONE_PROCESS.test(`${last} `)) return undefined;
  const called = CALL.exec(last)?.[1];
  if (called !== undefined) return called === name ? undefined : scriptCommand(app, called);
  if (text !== last || `pre${name}` in scripts || `post${name}` in scripts) return last;
  const manager = app.project.manager.name;
  return name === "start" || manager === "yarn" ? `${manager} ${name}` : `${manager} run ${name}`;
}

/** What a command runs: itself, or the script of package.json that it calls. */
export function textOf({ manifest: { scripts = {} } }: App, command: string): string {
  const called = CALL.exec(command)?.[1];
  return called === undefined ? command : (scripts[called] ?? "");
}

const CALL = /^(?:npm|pnpm|yarn)\s+(?:run\s+)?(?:-s\s+|--silent\s+)?([\w:.-]+)$/;

/** The processes of a Procfile, by their names. */
function procfile(app: App): Process[] {
  return [...app.read("Procfile").matchAll(/^([\w-]+):[ \t]*(.+?)[ \t]*$/gm)].flatMap(([, name = "", text = ""]) => {
    const script = CALL.exec(text)?.[1];
    const command = script === undefined ? text : scriptCommand(app, script);
    return command === undefined ? [] : [{ name, command, why: `${name} of Procfile` }];
  });
}
