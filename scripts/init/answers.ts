import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { confirm, select, text } from "@clack/prompts";
import { FAMILIES, KEYS, type Key } from "../../infra/config/schema";
import { UserError } from "../lib/errors";
import { Interrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
import type { Configured } from "../lib/pulumi";
import type { Finding, Findings } from "./finding";
import { table } from "./report";

/** What asks the questions at a terminal. */
export interface Prompter {
  readonly confirm: typeof confirm;
  readonly select: typeof select;
  readonly text: typeof text;
}

const TERMINAL: Prompter = { confirm, select, text };

/**
 * A command line stays in the shell's history and is everybody's to read while it runs, so it takes no secrets.
 *
 * @throws UserError for a secret, and for a variable of the application, which may well be one
 */
export function assertNoSecrets(set: Readonly<Record<string, string>>, stack: string): void {
  const refused = Object.keys(set).filter((key) => key.startsWith("env.") || keyOf(key)?.secret);
  const [first] = refused;
  if (first === undefined) return;
  const config = `npx pulumi config set --stack ${stack} --secret queuehost:${first}`;
  const all = refused.some((key) => key.startsWith("env."))
    ? `; variables from a file, all at once: ${typed("env import", "FILE", "--stack", stack)}`
    : "";
  throw new UserError(
    `--set: takes no secrets, since a command line shows them, got ${refused.join(", ")}. Nothing was written.\nRun init without ${refused.length === 1 ? "it" : "them"}, then: ${config} (it asks for the value)${all}`,
  );
}

/** The findings with what somebody said on the command line, and with what every stack needs. */
export function withAnswers(
  { found, ...others }: Findings,
  password: string,
  set: Readonly<Record<string, string>>,
): Findings {
  const key = personalKey();
  const all: Finding[] = [
    { key: "redis.password", value: password, why: "generated", secret: true as const },
    ...(key === undefined ? [] : [key]),
    ...found.filter((one) => !(one.key in set)),
    ...Object.entries(set).map(([key, value]) => ({ key, value, why: "--set", asked: true as const })),
  ];
  const faults = all.flatMap(({ key, value, secret }) => {
    const kind = keyOf(key)?.kind;
    if (kind === undefined) return [`--set ${key}: is no key of queuehost`];
    const { error } = kind.safeParse(value);
    return error === undefined
      ? []
      : [`${key}: should be ${error.issues[0]?.message}, got ${secret ? "another" : JSON.stringify(value)}`];
  });
  if (faults.length > 0) throw new UserError(`${faults.join("\n")}\nSay it with --set KEY=VALUE.`);
  return { found: all, ...others };
}

function keyOf(name: string): Key | undefined {
  const keys: Readonly<Record<string, Key>> = KEYS;
  const family = Object.entries(FAMILIES).find(([prefix]) => name.startsWith(prefix));
  return keys[name] ?? family?.[1];
}

/** Shows what was found, and asks for what can't be known. */
export async function answersTo(
  { found }: Findings,
  present: Configured,
  stack: string,
  say: (line: string) => void,
  prompter: Prompter = TERMINAL,
): Promise<Finding[]> {
  say(`${table(found.map((finding) => ({ finding, outcome: "new" })))}\n`);
  const ranges = present.has("queuehost:ssh.allowedFrom")
    ? ""
    : answered(
        await prompter.text({
          message: "From which addresses will people log in (ssh.allowedFrom)? Empty: said later.",
          placeholder: "203.0.113.7/32",
          defaultValue: "",
          validate: (value) =>
            value ? KEYS["ssh.allowedFrom"].kind.safeParse(value).error?.issues[0]?.message : undefined,
        }),
      );
  if (
    !answered(
      await prompter.confirm({
        message: `Write that to stack ${stack}? What is wrong can be set again: --set KEY=VALUE.`,
      }),
    )
  )
    throw new Interrupted("Nothing was written.");
  return ranges === "" ? [...found] : [...found, { key: "ssh.allowedFrom", value: ranges, why: "answered" }];
}

/** Which member of a monorepo is meant. @throws Interrupted after Ctrl-C */
export async function askMember(members: readonly string[], prompter: Prompter = TERMINAL): Promise<string> {
  return answered(
    await prompter.select({
      message: "Which of its members?",
      options: members.map((value) => ({ value, label: value })),
    }),
  );
}

/** This person's own key, so that they can log in. */
function personalKey(): Finding | undefined {
  const file = ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"]
    .map((name) => join(homedir(), ".ssh", name))
    .find(existsSync);
  const person = userInfo()
    .username.toLowerCase()
    .replace(/[^a-z0-9-]/g, "-");
  if (file === undefined || !/^[a-z]/.test(person)) return undefined;
  return {
    key: `ssh.key.${person.slice(0, 31)}`,
    value: readFileSync(file, "utf8").trim(),
    why: "~/.ssh of this machine",
  };
}

function answered<T>(answer: T): Exclude<T, symbol> {
  // After Ctrl-C.
  if (typeof answer === "symbol") throw new Interrupted("Interrupted. Nothing was written.");
  return answer as Exclude<T, symbol>;
}
