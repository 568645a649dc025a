import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { styleText } from "node:util";
import { PROJECT, typed } from "../lib/places";
import type { Written } from "./write";

/** A row a finding: what became of it, key, value (never a secret), reason. */
export function table(rows: readonly Written[]): string {
  const shown = rows.map(({ finding: { key, value, why, secret }, outcome }) => [
    outcome === "new" ? "" : outcome,
    key,
    secret ? "(secret)" : value.length > 60 ? `${value.slice(0, 57)}...` : value,
    why,
  ]);
  const width = (column: number) => Math.max(...shown.map((row) => row[column]?.length ?? 0));
  const [outcomes, keys, values] = [width(0), width(1), width(2)];
  return shown
    .map(([outcome = "", key = "", value = "", why = ""]) =>
      `  ${outcomes > 0 ? `${outcome.padEnd(outcomes)}  ` : ""}${key.padEnd(keys)}  ${value.padEnd(values)}  ${styleText("dim", why)}`.trimEnd(),
    )
    .join("\n");
}

export function report(written: readonly Written[], made: boolean, stack: string, file: string): string {
  const changes = written.filter(({ outcome }) => outcome === "new" || outcome === "changed").length;
  const head = made ? `Made the stack ${stack}. ` : "";
  const kept = written.some(({ outcome }) => outcome === "kept")
    ? " What the stack said already was kept; --overwrite changes it."
    : "";
  return `${table(written)}\n\n${head}${changes === 0 ? `Nothing to change in ${file}.` : `${changes} keys written to ${file}.`}${kept}`;
}

export function ownBackend(file: string): string {
  return [
    "",
    `Nothing said where Pulumi is to keep its state, so it is in this folder: ${file.replace(/env$/, "state")}, with the passphrase`,
    `of its secrets in ${file.replace(/env$/, "passphrase")}. Both are on this machine alone: keep a copy of the passphrase, and see`,
    "docs/environments.md of queuehost for moving to a place that a team shares.",
  ].join("\n");
}

/**
 * What somebody has to say before the stack is whole, a line each.
 *
 * @param unset variables of the application that nothing is known of
 * @param set the keys that the stack has now, with their namespace
 * @param folder the application's
 */
export function stillToSet(
  unset: readonly string[],
  set: ReadonlySet<string>,
  stack: string,
  folder: string,
): string[] {
  const missing = unset.filter((name) => !set.has(`queuehost:env.${name}`));
  const file = [".env.production", ".env"].map((name) => join(folder, name)).find(existsSync);
  const secret = `npx pulumi config set --stack ${stack} --secret`;
  return [
    ...(missing.length === 0
      ? []
      : [
          `variables of the application, all at once from a file or each: ${missing.join(", ")}\n` +
            `        ${typed("env import", file === undefined ? "FILE" : relative(PROJECT, file), "--stack", stack)}\n` +
            `        ${secret} queuehost:env.${missing[0]}`,
        ]),
    ...(set.has("queuehost:ssh.allowedFrom")
      ? []
      : [
          `before a real account: npx pulumi config set --stack ${stack} queuehost:ssh.allowedFrom "<your address>/32"`,
        ]),
    ...(set.has("hcloud:token") || process.env.HCLOUD_TOKEN ? [] : [`before a real account: ${secret} hcloud:token`]),
  ];
}

/**
 * What is left to do, and the next command.
 *
 * @param environment the file that plain pulumi needs, where the project keeps its own state
 */
export function closing(left: readonly string[], stack: string, environment: string | undefined): string {
  const first = environment === undefined ? "" : ` (plain pulumi needs this first: . ${environment})`;
  const lines = left.length === 0 ? [] : ["", `Left to do${first}:`, ...left.map((line) => `  - ${line}`)];
  return [...lines, "", `Then rehearse it: ${typed("start", "--stack", stack)}`].join("\n");
}
