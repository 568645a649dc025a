import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ownFolder } from "../../infra/config/own-folder";
import { PROJECT } from "./places";

/**
 * Where the state of the project's stacks is, for those who haven't chosen a place yet: a folder of the project, with a
 * passphrase for its secrets beside it. This file says so.
 */
const envFile = (project: string) => join(project, ".queuehost/env");

/**
 * What makes pulumi find the state in the project's own folder; nothing where the environment says another place.
 *
 * @param say is told where the state is, if two places were chosen
 */
export function localBackend(project = PROJECT, say: (line: string) => void = once): Record<string, string> {
  const file = envFile(project);
  if (!existsSync(file)) return {};
  const own = parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
  const chosen = chosenPlace(project);
  const isElsewhere = chosen !== undefined && chosen.url !== own.PULUMI_BACKEND_URL;
  if (process.env.PULUMI_BACKEND_URL) {
    if (isElsewhere) say(`State: ${chosen.url}, as ${chosen.by} says, and not where .queuehost/env says.`);
    return {};
  }
  if (isElsewhere)
    say(
      `State: ${own.PULUMI_BACKEND_URL}, as .queuehost/env says, and not ${chosen.url} (${chosen.by}). To move it: docs/environments.md, "Moving the state".`,
    );
  return own;
}

/**
 * Makes that folder, where nothing says yet where state is to be: no PULUMI_BACKEND_URL, no `backend` in Pulumi.yaml, no login.
 *
 * @returns the file to source for plain pulumi, where this call made it
 */
export function ensureBackend(project = PROJECT): string | undefined {
  if (hasBackend(project)) return undefined;
  const folder = ownFolder(project);
  const state = join(folder, "state");
  const passphrase = join(folder, "passphrase");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  // Kept where a run was interrupted here: a stack may be encrypted with it.
  if (!existsSync(passphrase)) writeWhole(passphrase, randomBytes(24).toString("hex"));
  const lines = [`PULUMI_BACKEND_URL='file://${state}'`, `PULUMI_CONFIG_PASSPHRASE_FILE='${passphrase}'`];
  const file = envFile(project);
  writeWhole(file, lines.map((line) => `export ${line}\n`).join(""));
  return file;
}

/** Whether anything says where state is: without it, pulumi asks for a login. */
export const hasBackend = (project = PROJECT): boolean =>
  existsSync(envFile(project)) || chosenPlace(project) !== undefined;

/** In one step: half a passphrase would pass for one. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The place that somebody chose in pulumi's own ways, the strongest first. */
function chosenPlace(project: string): { readonly url: string; readonly by: string } | undefined {
  const { PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN, PULUMI_HOME, PULUMI_CREDENTIALS_PATH } = process.env;
  if (PULUMI_BACKEND_URL) return { url: PULUMI_BACKEND_URL, by: "PULUMI_BACKEND_URL" };
  const program = join(project, "Pulumi.yaml");
  const backend = /^backend:\s*(?:\n\s+|\{\s*)url:\s*["']?([^\s"'}]+)/m;
  const named = existsSync(program) ? backend.exec(readFileSync(program, "utf8"))?.[1] : undefined;
  if (named !== undefined) return { url: named, by: "Pulumi.yaml" };
  if (PULUMI_ACCESS_TOKEN) return { url: "Pulumi Cloud", by: "PULUMI_ACCESS_TOKEN" };
  const file = join(PULUMI_CREDENTIALS_PATH ?? PULUMI_HOME ?? join(homedir(), ".pulumi"), "credentials.json");
  const current = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).current : undefined;
  return current ? { url: current, by: "pulumi login" } : undefined;
}

const said = new Set<string>();

/** To stderr: stdout may be a script's to read. */
function once(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  console.error(line);
}
