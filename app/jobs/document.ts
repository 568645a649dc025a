import { z } from "zod";
import { queueSettings } from "./provider/queue-settings";
import { MAX_BYTES, MAX_WAITING, priorityOf } from "./table/defaults";
import { type AnyJob, PRIORITY, type Retention, type Table } from "./table/types";

/** A table as Markdown: its queues, and its types of jobs with what they carry. The same table gives the same text. */
export function documentTable(table: Table): string {
  return [...queues(table), "", ...jobs(table)].join("\n");
}

function queues(table: Table): string[] {
  const settings = [...queueSettings(table).values()].map(
    ({ name, storedAs, keepCompleted, keepFailed, rateLimit }) => {
      const { description, priority = "normal", maxWaiting = MAX_WAITING } = table.queues[name] ?? {};
      return row([
        code(name),
        description ?? "",
        storedAs === name ? "" : code(storedAs),
        `${priority} (${PRIORITY[priority]})`,
        keep(keepCompleted),
        keep(keepFailed),
        number(maxWaiting),
        rateLimit ? `${number(rateLimit.max)} per ${duration(rateLimit.perMs / 1000)}` : "",
      ]);
    },
  );
  const heads = [
    "queue",
    "for",
    "stored as",
    "priority",
    "completed stay",
    "failed stay",
    "waiting at most",
    "rate limit",
  ];
  const ordered = (table.ordered ?? []).map(
    (group) => `\nOne worker serves ${group.map(code).join(", ")}, in this order; each other queue has its own.`,
  );
  return [row(heads), row(heads.map(() => "---")), ...settings, ...ordered];
}

function jobs(table: Table): string[] {
  const rows = table.jobs.map((job) =>
    row([
      code(job.name),
      code(job.queue),
      job.description,
      fieldsOf(job).join("<br>"),
      String(priorityOf(table, job, job.queue)),
      traitsOf(job).join("; "),
    ]),
  );
  const heads = ["job", "queue", "what it does", "payload", "priority", "besides"];
  return [row(heads), row(heads.map(() => "---")), ...rows];
}

interface Described {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly anyOf?: readonly Described[];
  readonly oneOf?: readonly Described[];
  readonly allOf?: readonly Described[];
}

/** A line for each field: what it may be, whether it may be left out, whether it is encrypted. */
function fieldsOf({ payload, encrypted = [] }: AnyJob): string[] {
  const schema = z.toJSONSchema(payload, { io: "input" }) as Described;
  const alternatives = schema.anyOf ?? schema.oneOf ?? [schema];
  return alternatives.flatMap(({ properties = {}, required = [] }, index) => [
    ...(index > 0 ? ["or"] : []),
    ...Object.entries(properties).map(([name, field]) => {
      const { default: fallback } = field;
      const optional = fallback === undefined ? "optional" : `default ${code(JSON.stringify(fallback))}`;
      const notes = [
        kindOf(field),
        ...(required.includes(name) ? [] : [optional]),
        ...(encrypted.includes(name) ? ["encrypted"] : []),
      ];
      return `${code(name)} ${notes.join(", ")}`;
    }),
  ]);
}

function kindOf(field: Described): string {
  const { type, format, items, enum: values, anyOf, oneOf } = field;
  if (field.const !== undefined) return code(JSON.stringify(field.const));
  if (values) return values.map((value) => code(JSON.stringify(value))).join(" or ");
  const kinds = anyOf ?? oneOf;
  if (kinds) return [...new Set(kinds.map(kindOf))].join(" or ");
  if (type === "array") return `list of ${items ? kindOf(items) : "anything"}${range(field.minItems, field.maxItems)}`;
  const fields = Object.keys(field.properties ?? {});
  if (fields.length > 0) return `object of ${fields.join(", ")}`;
  const name = type === undefined ? "anything" : [type].flat().join(" or ");
  if (type === "integer" || type === "number") return `${name}${range(field.minimum, field.maximum)}`;
  return `${name}${format ? ` (${format})` : ""}${range(field.minLength, field.maxLength, " characters")}`;
}

function range(min: number | undefined, max: number | undefined, unit = ""): string {
  const from = min !== undefined && min > -Number.MAX_SAFE_INTEGER ? `from ${number(min)}` : "";
  const to = max !== undefined && max < Number.MAX_SAFE_INTEGER ? `to ${number(max)}` : "";
  const limits = [from, to].filter((limit) => limit !== "").join(" ");
  return limits === "" ? "" : ` ${limits}${unit}`;
}

function traitsOf(job: AnyJob): string[] {
  const { attempts, backoff, timeLimits, maxBytes, version = 1, upgrade } = job;
  return [
    ...(attempts === undefined ? [] : [attempts === 1 ? "1 attempt" : `${attempts} attempts`]),
    ...(backoff === undefined ? [] : [`back-off ${duration(backoff / 1000)}`]),
    ...(timeLimits?.soft === undefined ? [] : [`asked to end after ${duration(timeLimits.soft)}`]),
    ...(timeLimits?.hard === undefined ? [] : [`given up after ${duration(timeLimits.hard)}`]),
    ...(maxBytes === undefined || maxBytes === MAX_BYTES ? [] : [`at most ${number(maxBytes)} bytes`]),
    ...(version === 1 ? [] : [`version ${version}, reads ${Object.keys(upgrade ?? {}).join(", ")} too`]),
    ...(job.tracked === false ? ["not in the task table"] : []),
    ...(job.orderBy ? ["one after another by key"] : []),
    ...(job.idFrom ? ["the same one once"] : []),
    ...(job.fallback === false ? ["waits for the queue"] : []),
    ...(job.sandboxed ? ["in a process of its own"] : []),
  ];
}

const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
const code = (text: string) => `\`${text}\``;
const number = (value: number) => value.toLocaleString("en");
const keep = ({ age, count }: Retention) => `${duration(age)}, ${number(count)} jobs`;

/** Of seconds, in the largest unit that keeps it whole. */
function duration(seconds: number): string {
  if (seconds < 1) return `${number(seconds * 1000)} ms`;
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const)
    if (seconds % size === 0) return `${number(seconds / size)} ${unit}`;
  return `${number(seconds)} s`;
}
