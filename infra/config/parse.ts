import { closestMatch } from "leven";
import { OWN_KEYS } from "../bundles/env";
import { extraFault } from "../bundles/env-file";
import { type Combination, combinationFaults } from "./combinations";
import { defaultServerName } from "./labels";
import { FAMILIES, KEYS, type Key, type KeyName, PROCESS, PROCESS_KEYS, REFERENCE, type Settings } from "./schema";
import { configKey, NAMESPACE } from "./typed";

/** One thing that is wrong with a stack's configuration. */
export interface Fault {
  readonly path: string;
  readonly reason: string;
  /** The command that mends it. */
  readonly mend: string;
}

/** Whose configuration it is. */
export type Place = Pick<Settings, "stack" | "project">;

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

const PREFIX = `${NAMESPACE}:`;
/** hcloud tokens have 64 characters: the provider refuses others, after everything else was planned. */
const TOKEN = /^[A-Za-z0-9]{64}$/;

/**
 * Reads a stack's configuration.
 *
 * @param place names of the stack and of its project
 * @param entries all its entries with their namespace, as the engine hands them over: every value is text
 * @param secrets the names in `entries` that were set with `--secret`
 * @param environmentToken HCLOUD_TOKEN of the environment, where it is set
 * @throws ConfigError with every fault there is
 */
export function parseConfig(
  { stack, project }: Place,
  entries: Readonly<Record<string, string>>,
  secrets: ReadonlySet<string>,
  environmentToken?: string,
): Settings {
  const faults: Fault[] = [];
  const fault = (path: string, key: Key, got: string) =>
    faults.push({ path, reason: `should be ${expectation(key)}, ${got}`, mend: mend(path, key, { stack, project }) });

  const values: Record<string, unknown> = {};
  // Pulumi.yaml has to give every declared key a default; the empty one stands for none.
  const set = (name: string) => entries[PREFIX + name] || undefined;
  const isReference = set("app.path") === undefined && project === NAMESPACE;
  const reference: Readonly<Record<string, string>> = isReference ? REFERENCE : {};
  for (const [name, key] of Object.entries(KEYS) as [KeyName, Key][]) {
    const raw = set(name) ?? reference[name] ?? key.default;
    if (raw === undefined) {
      if (!key.optional) fault(name, key, "is not set");
      continue;
    }
    if (key.secret && !secrets.has(PREFIX + name)) {
      faults.push({
        path: name,
        reason: "should be set as a secret, stands in clear",
        mend: mend(name, key, { stack, project }),
      });
      continue;
    }
    const parsed = key.kind.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else fault(name, key, `got ${shown(raw, key.secret)}`);
  }

  if (set("app.path") === undefined && !isReference) fault("app.path", KEYS["app.path"], "is not set");

  const named: Record<keyof typeof FAMILIES, Record<string, string>> = {
    "env.": {},
    "ssh.key.": {},
    "app.worker.": {},
  };
  const processes: Record<string, Record<string, unknown>> = {};
  for (const [full, raw] of Object.entries(entries)) {
    const name = full.slice(PREFIX.length);
    if (!full.startsWith(PREFIX) || name in KEYS) continue;
    const [, process = "", setting = ""] = PROCESS_KEY.exec(name) ?? [];
    if (isProcessSetting(setting)) {
      const key: Key = PROCESS_KEYS[setting];
      const parsed = key.kind.safeParse(raw);
      if (parsed.success) processes[process] = { ...processes[process], [setting]: parsed.data };
      else fault(name, key, `got ${shown(raw, false)}`);
      continue;
    }
    const family = FAMILY_NAMES.find((prefix) => name.startsWith(prefix));
    if (family === undefined) {
      faults.push(unknownKey(name, { stack, project }));
      continue;
    }
    const member = name.slice(family.length);
    const reason = family === "env." ? extraFault(member, raw, OWN_KEYS) : memberFault(member);
    if (reason !== undefined)
      faults.push({ path: name, reason, mend: `npx pulumi config rm ${configKey(name, project)} --stack ${stack}` });
    else if (!FAMILIES[family].kind.safeParse(raw).success) fault(name, FAMILIES[family], `got ${shown(raw, false)}`);
    else named[family][member] = raw;
  }
  if (set("app.path") !== undefined && !PROCESSES.some((name) => name in values) && noneOf(named["app.worker."]))
    fault(
      "app.backend",
      KEYS["app.backend"],
      "is not set, and neither is app.worker nor app.static: nothing would run",
    );

  const unnamed = values["app.worker"] as string | undefined;
  const workers = { ...(unnamed !== undefined && { "": unnamed }), ...named["app.worker."] };
  // One that is wrong by itself isn't among the values; that it is "not set" is no fault besides.
  const odd = new Set(faults.map(({ path }) => path));
  const combined = combinationFaults({ ...values, workers, processes } as Combination);
  for (const { path, reason, instead } of combined.filter(({ path }) => !odd.has(path)))
    faults.push({
      path,
      reason,
      mend:
        instead === undefined
          ? `npx pulumi config rm ${configKey(path, project)} --stack ${stack}`
          : mend(instead, KEYS[instead], { stack, project }),
    });

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
  const people = [...((values["ssh.authorizedKeys"] ?? []) as string[]), ...Object.values(named["ssh.key."])];
  return {
    "server.name": defaultServerName(stack),
    ...values,
    ...(people.length > 0 && { "ssh.authorizedKeys": people }),
    stack,
    project,
    workers,
    processes,
    env: named["env."],
  } as Settings;
}

/** `process.worker-mail.memory`: the process and the setting. */
const PROCESS_KEY = /^process\.(backend|worker(?:-[a-z][a-z0-9-]{0,30})?)\.([A-Za-z]+)$/;
const isProcessSetting = (setting: string): setting is keyof typeof PROCESS_KEYS =>
  Object.hasOwn(PROCESS_KEYS, setting);

/** The processes that may have been meant: those that any application has, and the one named, where it could be one. */
const processesLike = (name: string): string[] => {
  const [, named = ""] = name.split(".");
  return ["backend", "worker", ...(/^worker-[a-z][a-z0-9-]{0,30}$/.test(named) ? [named] : [])];
};

const FAMILY_NAMES = Object.keys(FAMILIES) as (keyof typeof FAMILIES)[];

/** What an application has to have one of. */
const PROCESSES = ["app.backend", "app.worker", "app.static"] as const;

const noneOf = (record: object) => Object.keys(record).length === 0;

/** The command that mends a fault. */
function mend(key: string, { example, secret }: Key, { stack, project }: Place): string {
  const name = configKey(key, project);
  return secret
    ? `${example} | npx pulumi config set --secret ${name} --stack ${stack}`
    : `npx pulumi config set ${name} ${/[ "*]/.test(example) ? `'${example}'` : example} --stack ${stack}`;
}

/** Groups of workers end the name of a unit; people are held to the same. */
function memberFault(member: string): string | undefined {
  return /^[a-z][a-z0-9-]{0,30}$/.test(member)
    ? undefined
    : "should end in a name: a-z, 0-9 and -, at most 31 characters";
}

/** The kind's own words: what it says of a value that can't be right. */
function expectation({ kind }: Key): string {
  return kind.safeParse("\0").error?.issues[0]?.message ?? "a value";
}

function shown(raw: string, secret: boolean | undefined): string {
  return secret ? `${raw.length} characters that don't fit` : JSON.stringify(raw);
}

function unknownKey(name: string, { stack, project }: Place): Fault {
  const near = closestMatch(
    name,
    [
      ...Object.keys(KEYS),
      ...FAMILY_NAMES.map((family) => family + name.split(".").at(-1)),
      ...processesLike(name).flatMap((process) =>
        Object.keys(PROCESS_KEYS).map((key) => `${PROCESS}${process}.${key}`),
      ),
    ],
    { maxDistance: 4 },
  );
  return {
    path: name,
    reason: `is no key of queuehost${near ? `; did you mean ${near}?` : ""}`,
    mend: `npx pulumi config rm ${configKey(name, project)} --stack ${stack}`,
  };
}
