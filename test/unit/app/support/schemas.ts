import fc from "fast-check";

/** A JSON Schema as far as the document of this application goes. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What is wrong nearly everywhere, and what has broken parsers before. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    "",
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "\u0000",
    "💥".repeat(50),
    -0,
    1e308,
    [],
    {},
  ),
);

/** Values that the schema describes. */
export function valid(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const { oneOf, anyOf = oneOf, allOf, ...rest } = schema;
  if (anyOf && rest.properties) return fc.oneof(...anyOf.map((one) => valid(merged(rest, one))));
  if (anyOf) return fc.oneof(...anyOf.map(valid));
  if (allOf) return valid(allOf.reduce<Schema>(merged, rest));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return objects(schema);
    case "array":
      return fc.array(valid(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case "string":
      return strings(schema);
    case "integer":
      return fc.integer({ min: Math.max(schema.minimum ?? -1000, -1e9), max: Math.min(schema.maximum ?? 1000, 1e9) });
    case "number":
      return fc.double({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000, noNaN: true });
    case "boolean":
      return fc.boolean();
    default:
      return fc.jsonValue();
  }
}

function objects({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  if (Object.keys(properties).length === 0 && typeof additionalProperties === "object") {
    return fc.dictionary(fc.string({ maxLength: 8 }), valid(additionalProperties), { maxKeys: 3 });
  }
  const model = Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, valid(schema)]));
  return fc.record(model, { requiredKeys: required.filter((key) => key in model) });
}

function strings({ pattern, format, minLength = 0, maxLength = 30 }: Schema): fc.Arbitrary<string> {
  if (format === "date-time")
    return fc
      .date({ min: new Date(), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (format === "date") return fc.integer({ min: 1, max: 28 }).map((day) => `2030-01-${String(day).padStart(2, "0")}`);
  if (format === "email") return fc.constantFrom("ada@example.org", "eve@example.com");
  if (format === "uri") return fc.constantFrom("https://example.org/hook", "https://example.com/");
  if (pattern !== undefined) {
    const matching = fc.stringMatching(new RegExp(pattern));
    return matching.filter(({ length }) => length >= minLength && length <= maxLength);
  }
  return fc.string({ minLength, maxLength: Math.min(Math.max(maxLength, minLength), minLength + 30) });
}

function merged(one: Schema, other: Schema): Schema {
  return {
    ...one,
    ...other,
    properties: { ...one.properties, ...other.properties },
    required: [...(one.required ?? []), ...(other.required ?? [])],
  };
}

/** The same value with something wrong in one place: another value, a field more or a field less. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(values, fc.nat(), fc.nat(2), fc.string({ maxLength: 10 }), junk)
    .map(([value, place, how, key, wrong]) => {
      const copy = structuredClone(value);
      const objects = placesIn(copy);
      const chosen = objects[place % Math.max(objects.length, 1)];
      if (!chosen) return wrong;
      const keys = Object.keys(chosen);
      const existing = keys[place % Math.max(keys.length, 1)] ?? key;
      if (how === 0) Reflect.set(chosen, existing, wrong);
      if (how === 1) Reflect.set(chosen, key, wrong);
      if (how === 2) Reflect.deleteProperty(chosen, existing);
      return copy;
    });
}

function placesIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(placesIn)];
}
