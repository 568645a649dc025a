import { closestMatch } from "leven";
import { OWN_KEYS } from "../bundles/env";
import { extraFault } from "../bundles/env-file";
import { KEYS, type Key, type KeyName, type Settings } from "./schema";

/** One thing that is wrong with a stack's configuration. */
export interface Fault {
  readonly path: string;
  readonly reason: string;
  /** The command that mends it. */
  readonly mend: string;
}

/** All that is wrong with a stack's configuration, in one message. */
export class ConfigError extends Error {
  constructor(
    stack: string,
    readonly faults: readonly Fault[],
  ) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    const lines = faults.map(({ path, reason, mend }) => `  ${path}: ${reason}\n      ${mend}`);
    super(`The configuration of stack ${stack} has ${count}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
  }
}

const PREFIX = "queuehost:";
/** hcloud tokens have 64 characters: the provider refuses others, after everything else was planned. */
const TOKEN = /^[A-Za-z0-9]{64}$/;

/**
 * Reads a stack's configuration.
 *
 * @param stack name of the stack
 * @param entries all its entries with their namespace, as the engine hands them over: every value is text
 * @param secrets the names in `entries` that were set with `--secret`
 * @param environmentToken HCLOUD_TOKEN of the environment, where it is set
 * @throws ConfigError with every fault there is
 */
export function parseConfig(
  stack: string,
  entries: Readonly<Record<string, string>>,
  secrets: ReadonlySet<string>,
  environmentToken?: string,
): Settings {
  const faults: Fault[] = [];
  const mend = (name: string, { example, secret }: Pick<Key, "example" | "secret">) =>
    secret
      ? `${example} | npx pulumi config set --secret ${name} --stack ${stack}`
      : `npx pulumi config set ${name} ${/[ "]/.test(example) ? `'${example}'` : example} --stack ${stack}`;

  const values: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(KEYS) as [KeyName, Key][]) {
    // Pulumi.yaml has to give every declared key a default; the empty one stands for none.
    const raw = (entries[PREFIX + name] || undefined) ?? key.default;
    const line = mend(name, key);
    if (raw === undefined) {
      if (!key.optional) faults.push({ path: name, reason: `should be ${expectation(key)}, is not set`, mend: line });
      continue;
    }
    if (key.secret && !secrets.has(PREFIX + name)) {
      faults.push({ path: name, reason: "should be set as a secret, stands in clear", mend: line });
      continue;
    }
    const parsed = key.kind.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else
      faults.push({ path: name, reason: `should be ${expectation(key)}, got ${shown(raw, key.secret)}`, mend: line });
  }

  const env: Record<string, string> = {};
  for (const [full, raw] of Object.entries(entries)) {
    if (!full.startsWith(PREFIX)) continue;
    const name = full.slice(PREFIX.length);
    if (name in KEYS) continue;
    if (!name.startsWith("env.")) {
      faults.push(unknownKey(name, stack));
      continue;
    }
    const variable = name.slice(4);
    const reason = extraFault(variable, raw, OWN_KEYS);
    if (reason === undefined) env[variable] = raw;
    else faults.push({ path: name, reason, mend: `npx pulumi config rm ${name} --stack ${stack}` });
  }

  const token = entries["hcloud:token"] ?? environmentToken;
  const tokenLine = `npx pulumi config set --secret hcloud:token --stack ${stack}`;
  if (token === undefined)
    faults.push({
      path: "hcloud:token",
      reason: "should be an API token of Hetzner Cloud, is not set",
      mend: tokenLine,
    });
  else if (!TOKEN.test(token))
    faults.push({
      path: "hcloud:token",
      reason: `should be 64 letters and digits, got ${shown(token, true)}`,
      mend: tokenLine,
    });
  else if (entries["hcloud:token"] !== undefined && !secrets.has("hcloud:token"))
    faults.push({ path: "hcloud:token", reason: "should be set as a secret, stands in clear", mend: tokenLine });

  if (faults.length > 0) throw new ConfigError(stack, faults);
  return { "server.name": `queuehost-${stack}`, ...values, stack, env } as Settings;
}

/** The kind's own words: what it says of a value that can't be right. */
function expectation({ kind }: Key): string {
  return kind.safeParse("\0").error?.issues[0]?.message ?? "a value";
}

function shown(raw: string, secret: boolean | undefined): string {
  return secret ? `${raw.length} characters that don't fit` : JSON.stringify(raw);
}

function unknownKey(name: string, stack: string): Fault {
  const near = closestMatch(name, Object.keys(KEYS), { maxDistance: 4 });
  return {
    path: name,
    reason: `is no key of queuehost${near ? `; did you mean ${near}?` : ""}`,
    mend: `npx pulumi config rm ${name} --stack ${stack}`,
  };
}
