import { basename } from "node:path";
import { unnamedWorkers, worksItself } from "./entries";
import { environmentOf } from "./environment";
import type { App, Finding, Findings } from "./finding";
import { healthOf, portOf } from "./http";
import { Imports } from "./imports";
import { foldersOf, nodeOf } from "./project-files";
import { backendOf, migrationOf, type Process, smokeTestOf, textOf, workersOf } from "./scripts";
import { databaseOf, redisOf } from "./stores";

/**
 * Looks at an application.
 *
 * @param appPath as the configuration is to have it, relative to the project
 * @param redisPassword the stack's
 */
export function look(app: App, appPath: string, redisPassword: string): Findings {
  const name = appNameOf(app);
  const backend = backendOf(app);
  const named = workersOf(app);
  const imports = new Imports(app);
  const unnamed = named.length > 0 ? [] : unnamedWorkers(app, imports, backend === undefined ? [] : [backend.command]);
  const workers = [...named, ...unnamed];
  const redis = redisOf(app);
  const database = databaseOf(app);
  const node = nodeOf(app);
  const environment = environmentOf(app, { name, redisPassword, postgres: database.finding !== undefined });
  const found = [
    {
      key: "app.path",
      value: appPath,
      why: `${app.manifest.name ?? basename(app.folder)}, installed by ${app.project.manager.name}`,
    },
    { key: "app.name", value: name, why: "name of package.json" },
    ...(backend === undefined ? [] : [{ key: "app.backend", value: backend.command, why: backend.why }]),
    ...workers.map((one) => ({
      key: one.name === "" ? "app.worker" : `app.worker.${one.name}`,
      value: one.command,
      why: one.why,
    })),
    migrationOf(app),
    smokeTestOf(app),
    ...(backend === undefined ? [] : [healthOf(app), portOf(app)]),
    node.finding,
    foldersOf(app),
    ...redis.found,
    database.finding,
    ...environment.found,
  ].filter((one): one is Finding => one !== undefined);
  const open = [
    ...(node.open === undefined ? [] : [node.open]),
    ...redis.open,
    ...database.open,
    ...processNotes(workers.length > 0 || worksItself(app, imports, backend?.command), backend),
    ...developmentOnly(
      app,
      [...(backend ? [backend] : []), ...workers].map(({ command }) => command),
    ),
  ];
  return { found, open, unset: environment.missing };
}

/** The name of package.json as units and folders can have it: @acme/intranet-backend is intranet-backend. */
function appNameOf({ manifest, folder }: App): string {
  const name = (manifest.name ?? basename(folder))
    .replace(/^@[^/]*\//, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 31)
    .replace(/-+$/, "");
  return name === "" ? "app" : name;
}

function processNotes(works: boolean, backend: Process | undefined): string[] {
  if (works) return [];
  return backend === undefined
    ? [
        "Nothing in package.json or a Procfile starts a backend or a worker: set app.backend (node dist/server.js) or app.worker.",
      ]
    : ["No worker was found. Where it has some, set app.worker, or app.worker.<group> for each group."];
}

/** Programs that a command names and that don't travel: they are installed for development alone. */
function developmentOnly(app: App, commands: readonly string[]): string[] {
  const { dependencies = {}, devDependencies = {} } = app.manifest;
  const programs = commands.flatMap((command) => {
    return /^(?:[A-Z_]+=\S+\s+)*([\w-]+)/.exec(textOf(app, command))?.[1] ?? [];
  });
  return [...new Set(programs)]
    .filter((program) => program in devDependencies && !(program in dependencies))
    .map(
      (program) =>
        `${program} starts it and is a devDependency, which no release has: move it to dependencies, or start what the build writes.`,
    );
}
