import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { PROJECT } from "./places";

/**
 * Where the state of the project's stacks is, for those who haven't chosen a place yet: a folder of the project, with a
 * passphrase for its secrets beside it.
 */
const FOLDER = join(PROJECT, ".queuehost");
const ENV_FILE = join(FOLDER, "env");

/** What makes pulumi find the state in the project's own folder; nothing where another place was chosen. */
export function localBackend(): Record<string, string> {
  if (process.env.PULUMI_BACKEND_URL !== undefined || !existsSync(ENV_FILE)) return {};
  return parseEnv(readFileSync(ENV_FILE, "utf8")) as Record<string, string>;
}

/**
 * Makes that folder, where nothing says yet where state is to be: no PULUMI_BACKEND_URL, no `backend` in Pulumi.yaml, no login.
 *
 * @returns the file to source for plain pulumi, where this call made it
 */
export function ensureBackend(): string | undefined {
  if (hasBackend()) return undefined;
  const state = join(FOLDER, "state");
  const passphrase = join(FOLDER, "passphrase");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  // Whatever the project's own .gitignore says.
  writeFileSync(join(FOLDER, ".gitignore"), "*\n");
  writeFileSync(passphrase, randomBytes(24).toString("hex"), { mode: 0o600, flag: "wx" });
  const lines = [`PULUMI_BACKEND_URL='file://${state}'`, `PULUMI_CONFIG_PASSPHRASE_FILE='${passphrase}'`];
  writeFileSync(ENV_FILE, lines.map((line) => `export ${line}\n`).join(""), { mode: 0o600 });
  return ENV_FILE;
}

/** Whether anything says where state is: without it, pulumi asks for a login. */
export const hasBackend = (): boolean => existsSync(ENV_FILE) || isChosen();

function isChosen(): boolean {
  const { PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN, PULUMI_HOME, PULUMI_CREDENTIALS_PATH } = process.env;
  if (PULUMI_BACKEND_URL || PULUMI_ACCESS_TOKEN) return true;
  if (/^backend:/m.test(readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8"))) return true;
  const file = join(PULUMI_CREDENTIALS_PATH ?? PULUMI_HOME ?? join(homedir(), ".pulumi"), "credentials.json");
  return existsSync(file) && Boolean(JSON.parse(readFileSync(file, "utf8")).current);
}
