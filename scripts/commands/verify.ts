import { styleText } from "node:util";
import { Command } from "commander";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { REHEARSAL, Rehearsal } from "../lib/rehearsal";
import { verifyStack } from "../verification";
import type { Check } from "../verification/check";

/** `npm run verify`: what is running, looked at from outside and inside. */
export const verify = new Command("verify")
  .description("look at a running stack from outside and inside, and fail if anything isn't as it should be")
  .option("--stack <name>", "the stack", REHEARSAL)
  .option("--json", "print the checks as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    if (stack === REHEARSAL && !new Rehearsal().exists)
      throw new UserError(
        `No rehearsal is running here. Start one: ${typed("start")}. Another stack: ${typed("verify", "--stack", "staging")}`,
      );
    const started = Date.now();
    const checks = await verifyStack(Pulumi.of(stack));
    if (json) console.log(JSON.stringify({ stack, ok: checks.every(({ ok }) => ok), checks }, null, 2));
    else console.log(`${table(checks)}\n\n${summary(checks, Date.now() - started)}`);
    if (!checks.every(({ ok }) => ok)) process.exitCode = 1;
  });

/** One row a check: its verdict, where it looked, what it looked for, and what was seen. */
export function table(checks: readonly Check[]): string {
  const width = (pick: (check: Check) => string) => Math.max(0, ...checks.map((check) => pick(check).length));
  const [concerns, names] = [width(({ concern }) => concern), width(({ name }) => name)];
  // What failed stands last, where a terminal shows it.
  return [...checks.filter(({ ok }) => ok), ...checks.filter(({ ok }) => !ok)]
    .map(({ concern, name, ok, seen }) => {
      const verdict = ok ? styleText("green", "ok  ") : styleText(["red", "bold"], "FAIL");
      return `${verdict}  ${concern.padEnd(concerns)}  ${name.padEnd(names)}  ${ok ? styleText("dim", seen) : seen}`;
    })
    .join("\n");
}

/** The last line: how many of the checks failed, in how long. */
export function summary(checks: readonly Check[], ms: number): string {
  const failed = checks.filter(({ ok }) => !ok).length;
  const verdict = failed === 0 ? "all as it should be" : `${failed} NOT as they should be`;
  return `${checks.length} checks, ${verdict}, ${(ms / 1000).toFixed(1)} s`;
}
