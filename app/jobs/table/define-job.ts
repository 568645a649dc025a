import { z } from "zod";
import { type Fault, TableInvalid } from "../errors";
import { NAME } from "./names";
import { type AnyJob, type JobDefinition, PRIORITY } from "./types";

/**
 * A type of job, with the types of its payload and result inferred.
 *
 * @throws TableInvalid that names all that can't work: a payload that isn't an object or that JSON can't carry (a Date, a
 *   transformation), a version without its upgrades, limits that contradict each other.
 */
export function defineJob<const Name extends string, Schema extends z.ZodType<object>, Result = void>(
  definition: JobDefinition<Name, Schema, Result>,
): JobDefinition<Name, Schema, Result> {
  const faults = faultsOf(definition);
  if (faults.length > 0) throw new TableInvalid(faults);
  return definition;
}

function faultsOf(job: AnyJob): Fault[] {
  const faults: Fault[] = [];
  const check = (holds: boolean, path: string, message: string) => {
    if (!holds) faults.push({ path: `${job.name}.${path}`, message });
  };
  const positive = (value: number | undefined, path: string, what: string) =>
    check(value === undefined || (Number.isInteger(value) && value >= 1), path, `should be ${what}, got ${value}`);

  check(NAME.test(job.name), "name", `should be letters, digits, - and _ (at most 64), got "${job.name}"`);
  check(typeof job.run === "function", "run", "should be a function");
  check(
    job.priority === undefined || Object.hasOwn(PRIORITY, job.priority),
    "priority",
    `should be high, normal or low, got ${job.priority}`,
  );
  positive(job.attempts, "attempts", "a whole number from 1");
  positive(job.maxBytes, "maxBytes", "a whole number of bytes from 1");
  positive(job.version, "version", "a whole number from 1");
  check(job.backoff === undefined || job.backoff >= 0, "backoff", `should be milliseconds from 0, got ${job.backoff}`);
  const { soft, hard } = job.timeLimits ?? {};
  check(soft === undefined || soft > 0, "timeLimits.soft", `should be seconds above 0, got ${soft}`);
  check(hard === undefined || hard > 0, "timeLimits.hard", `should be seconds above 0, got ${hard}`);
  if (soft !== undefined && hard !== undefined)
    check(soft <= hard, "timeLimits.soft", `should not be above the hard limit of ${hard} s, got ${soft}`);
  if (job.orderBy)
    check(job.tracked !== false, "orderBy", "should be only at a tracked type, since the task table keeps the order");

  const version = Number.isInteger(job.version ?? 1) ? (job.version ?? 1) : 1;
  for (let from = 1; from < version; from++)
    check(job.upgrade?.[from] !== undefined, `upgrade.${from}`, `should bring version ${from} to version ${from + 1}`);
  for (const from of Object.keys(job.upgrade ?? {}))
    check(Number(from) >= 1 && Number(from) < version, `upgrade.${from}`, `should be below the version, ${version}`);

  const shape = fieldsOf(job.payload);
  if (typeof shape === "string") check(false, "payload", shape);
  else
    for (const field of job.encrypted ?? [])
      check(shape.has(field), `encrypted.${field}`, `should be one of the payload's fields ${[...shape].join(", ")}`);
  return faults;
}

/** The top-level fields of a schema of objects, or what is wrong with it. */
function fieldsOf(schema: z.ZodType): ReadonlySet<string> | string {
  try {
    // What is stored is read again by the same schema: so it must take what it gives, which transformations don't.
    z.toJSONSchema(schema, { io: "output" });
    const fields = propertiesOf(z.toJSONSchema(schema, { io: "input" }));
    if (!fields) return "should be an object";
    const reserved = [...fields].find((field) => field.startsWith("$"));
    return reserved === undefined ? fields : `should have no field that begins with $, has ${reserved}`;
  } catch (error) {
    return `should hold only what JSON can carry, such as z.iso.datetime() for a date (${(error as Error).message})`;
  }
}

interface Described {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly allOf?: readonly unknown[];
}

function propertiesOf(schema: Described): ReadonlySet<string> | undefined {
  const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (!parts) return schema.type === "object" ? new Set(Object.keys(schema.properties ?? {})) : undefined;
  const all = new Set<string>();
  for (const part of parts) {
    const fields = propertiesOf(part as Described);
    if (!fields) return undefined;
    for (const field of fields) all.add(field);
  }
  return all;
}
