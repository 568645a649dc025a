import { FAMILIES, KEYS, type Key, PROCESS, PROCESS_KEYS } from "./schema";

/**
 * The project file, with every key that a stack may set. All are declared as strings: the engine would refuse the first
 * value of a wrong type on its own, and the program says what is wrong with all of them at once. The dotted names stand in
 * brackets because the engine reads a bare dot as a path.
 */
export function pulumiYaml(): string {
  const keys = (Object.entries(KEYS) as [string, Key][]).flatMap(([name, key]) => [
    `  '["${name}"]':`,
    "    type: string",
    `    default: ${JSON.stringify(key.default ?? "")}`,
    `    description: ${JSON.stringify(key.description + note(key))}`,
  ]);
  return [
    "# Made from infra/config/schema.ts; a test fails when it is stale. Set a value: pulumi config set redis.maxmemory 512mb",
    "name: queuehost",
    "description: A BullMQ backend on Hetzner Cloud, hardened, backed up and verified",
    "runtime: nodejs",
    "config:",
    ...keys,
    "",
  ].join("\n");
}

/** The reference of the configuration keys as a Markdown table, for README. */
export function markdownTable(): string {
  const rows = (Object.entries(KEYS) as [string, Key][]).map(
    ([name, key]) =>
      `| \`${name}\` | ${key.default === undefined ? note(key).slice(2, -1) : `\`${key.default}\``} | ${key.description} |`,
  );
  const families = (Object.entries(FAMILIES) as [string, Key][]).map(
    ([prefix, { description }]) => `| \`${prefix}<name>\` | optional | ${description} |`,
  );
  const ofProcesses = Object.entries(PROCESS_KEYS).map(
    ([setting, { description }]) => `| \`${PROCESS}<process>.${setting}\` | optional | ${description} |`,
  );
  return ["| key | default | what it is |", "| --- | --- | --- |", ...rows, ...families, ...ofProcesses].join("\n");
}

function note(key: Key): string {
  if (key.default !== undefined) return "";
  return ` (${key.optional ? "optional" : "required"}${key.secret ? ", --secret" : ""})`;
}
