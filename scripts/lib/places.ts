import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { NAMESPACE, queuehost } from "../../infra/config/typed";
import { UserError } from "./errors";

/** This package, a clone or installed in another project: host/, infra/, scripts/ and twin/ are in it. */
export const PACKAGE = resolve(__dirname, "../..");

/** Where pulumi runs and the stacks' files are: the nearest folder with a Pulumi.yaml, the present one or one above it. */
export const PROJECT = projectOf(process.cwd()) ?? process.cwd();

/** Whether this is a clone of this repository and not a project that uses it. */
export const IN_CLONE = PROJECT === PACKAGE;

/** The project's name, in its Pulumi.yaml; empty where there is none. */
export function projectName(folder = PROJECT): string {
  const file = join(folder, "Pulumi.yaml");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return /^name:\s*["']?([^\s"'#]+)/m.exec(text)?.[1] ?? "";
}

/** Folders of programs: the project's own come first. */
export const BINS = [...new Set([PROJECT, PACKAGE])].map((folder) => join(folder, "node_modules/.bin"));

/** What somebody typed as a path: npm runs a script in the package's folder and says where that person was. */
export const fromUser = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);

/** How a command is typed here, with npm's own words for those that have some, for messages that say what to do next. */
export function typed(command: string, ...options: string[]): string {
  const npm = IN_CLONE ? { start: "npm start", stop: "npm stop", verify: "npm run verify" }[command] : undefined;
  if (npm === undefined) return queuehost([command, ...options].join(" "), IN_CLONE ? NAMESPACE : "");
  return [npm, ...(options.length > 0 ? ["--"] : []), ...options].join(" ");
}

/** @throws UserError where there is no project at or above the present folder */
export function assertProject(): void {
  if (!existsSync(join(PROJECT, "Pulumi.yaml")))
    throw new UserError(
      `There is no Pulumi.yaml in ${process.cwd()} or above it. Change to your project's folder, or make one: npx pulumi new ${join(PACKAGE, "template")} --generate-only`,
    );
}

function projectOf(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  return dirname(folder) === folder ? undefined : projectOf(dirname(folder));
}
