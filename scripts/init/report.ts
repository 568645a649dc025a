import { styleText } from "node:util";
import { typed } from "../lib/places";
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
    "docs/environments.md for moving to a place that a team shares. For plain pulumi:",
    `  . ${file}`,
  ].join("\n");
}

/** What every stack needs before it can go to a real account. */
export function stillToSet(set: ReadonlySet<string>): string[] {
  return [
    ...(set.has("queuehost:ssh.allowedFrom")
      ? []
      : ["Before a real account: pulumi config set queuehost:ssh.allowedFrom <your address>/32"]),
    ...(set.has("hcloud:token") || process.env.HCLOUD_TOKEN
      ? []
      : ["Before a real account: pulumi config set --secret hcloud:token"]),
  ];
}

export function closing(left: readonly string[], stack: string): string {
  const lines = left.length === 0 ? [] : ["", "Left to do:", ...left.map((line) => `  - ${line}`)];
  return [...lines, "", `Then rehearse it: ${typed("start", "--stack", stack)}`].join("\n");
}
