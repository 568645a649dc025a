import { existsSync, readFileSync, statSync } from "node:fs";
import { Command } from "commander";
import { compare } from "../environment/compare";
import { configOf } from "../environment/config";
import { namesOf } from "../environment/names";
import { localOnes, NAMESPACE, type Plan, plan } from "../environment/plan";
import { readDotenv } from "../environment/read";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import { fromUser, typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";

interface ImportOptions {
  readonly stack: string;
  readonly plain?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

const names = (text = "") =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

const importFile = new Command("import")
  .description("take the variables of an existing .env into a stack's configuration, as secrets")
  .argument("<file>", "the .env")
  .requiredOption("--stack <name>", "the stack")
  .option("--plain <names>", "variables that aren't secret, separated by commas")
  .option("--dry-run", "say what would be written, and write nothing")
  .option("--json", "print the result as JSON")
  .action(async (file: string, { stack, plain, dryRun, json }: ImportOptions) => {
    const path = fromUser(file);
    if (!existsSync(path) || !statSync(path).isFile())
      throw new UserError(`${file}: should be an .env, there is no such file`);
    const pulumi = Pulumi.of(stack);
    const { entries, faults } = readDotenv(readFileSync(path, "utf8"));
    const planned = plan(entries, await configOf(pulumi, true), names(plain));
    refuse(file, [...faults, ...planned.faults]);
    const write = planned.taken.filter(({ change }) => change !== "same");
    if (!dryRun && write.length > 0) {
      const those = (secret: boolean) =>
        Object.fromEntries(
          write.filter((one) => one.secret === secret).map(({ setting, value }) => [NAMESPACE + setting, value]),
        );
      await pulumi.configure(those(false), those(true));
    }
    console.log(json ? JSON.stringify(asJson(stack, planned, !dryRun), null, 2) : asText(stack, planned, !dryRun));
  });

/** @throws UserError with every fault of the file, in the order of its lines */
function refuse(file: string, faults: readonly { readonly line?: number; readonly reason: string }[]): void {
  if (faults.length === 0) return;
  const lines = [...faults]
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ line, reason }) => `  ${line === undefined ? "" : `${file}:${line}: `}${reason}`);
  throw new UserError(
    `Nothing was written: ${faults.length === 1 ? "1 fault" : `${faults.length} faults`}.\n${lines.join("\n")}\nMend or remove ${faults.length === 1 ? "it" : "them"}, then run this again.`,
  );
}

function asText(stack: string, { taken, left }: Plan, written: boolean): string {
  const changed = taken.filter(({ change }) => change !== "same").length;
  const rows = [
    ...taken.map(({ key, setting, change, secret }) => [change, key, secret ? "secret" : "plain", setting]),
    ...left.map(({ key, why }) => ["left out", key, "", why]),
  ];
  const end = written
    ? `${changed} of ${taken.length} written to stack ${stack}. Bring them to the server: ${typed("up", "--stack", stack)}`
    : `${changed} of ${taken.length} would be written to stack ${stack}; nothing was.`;
  const local = localOnes(taken);
  const note =
    local.length === 0
      ? ""
      : `\n\n${local.join(", ")}: names this computer (localhost or the like), which on the server is the server itself. Is that meant?`;
  return rows.length === 0 ? "The file has no variables." : `${columns(rows)}${note}\n\n${end}`;
}

/** Names alone: what a script logs is read by many. */
function asJson(stack: string, { taken, left }: Plan, written: boolean) {
  return { stack, written, variables: taken.map(({ value, ...names }) => names), left, local: localOnes(taken) };
}

const list = new Command("list")
  .description("name the variables of a stack's .env, without their values")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print them as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const variables = namesOf(await configOf(Pulumi.of(stack), false));
    console.log(
      json
        ? JSON.stringify({ stack, variables }, null, 2)
        : columns(variables.map(({ key, secret, by }) => [key, secret ? "secret" : "plain", by])),
    );
  });

const diff = new Command("diff")
  .description("compare a stack's variables with the .env on its server; exit code 1 where they differ")
  .requiredOption("--stack <name>", "the stack")
  .option("--json", "print the differences as JSON")
  .action(async ({ stack, json }: { stack: string; json?: true }) => {
    const differences = await compare(Pulumi.of(stack));
    if (json) console.log(JSON.stringify({ stack, same: differences.length === 0, differences }, null, 2));
    else if (differences.length === 0) console.log("The .env on the server is what the configuration says.");
    else
      console.log(
        `${columns(differences.map(({ key, where }) => [key, where]))}\n\nBring the configuration to the server: ${typed("up", "--stack", stack)}`,
      );
    if (differences.length > 0) process.exitCode = 1;
  });

/** `queuehost env`: the variables of an application, between an existing file, the stack's configuration and the server. */
export const env = new Command("env")
  .description("the variables of the application: import a file, compare with the server, list them")
  .addCommand(importFile)
  .addCommand(diff)
  .addCommand(list);
