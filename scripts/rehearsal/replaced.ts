import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";

/** Values of variables for the rehearsal alone, by their keys without a namespace: `env.SMTP_HOST`. */
export type Replaced = Readonly<Record<string, string>>;

const PREFIX = "queuehost:";

/** The variables that a stack sets, as keys without a namespace. */
const variablesOf = (stack: Pulumi) =>
  stack.keys.filter((key) => key.startsWith(`${PREFIX}env.`)).map((key) => key.slice(PREFIX.length));

/** @throws UserError for what the stack doesn't set: a name misspelt would leave the real value in place */
export function assertReplaceable(stack: Pulumi, replaced: Replaced): void {
  const known = variablesOf(stack);
  const unknown = Object.keys(replaced).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new UserError(
      `--set: should name variables of stack ${stack.stack}, of ${known.join(", ") || "which it has none"}, got ${unknown.join(", ")}`,
    );
}

/** What somebody has to know before a stack's own values are used on this machine; undefined where there are none. */
export function warning(stack: Pulumi, replaced: Replaced): string | undefined {
  const taken = variablesOf(stack).filter((key) => !(key in replaced));
  if (taken.length === 0) return undefined;
  return [
    `The rehearsal runs the application, its workers and app.migrate with these values of stack ${stack.stack}:`,
    `  ${taken.join(", ")}`,
    "What they name is really reached: a database, mail, payments. Another value, for the rehearsal alone:",
    `  ${typed("start", "--stack", stack.stack, "--set", `${taken[0]}=VALUE`)}`,
  ].join("\n");
}
