import { asAsset, isArchive, isObject, isUnknown, type Props, secret, unwrap, type Value } from "./values";

/** The type of a property, as far as the resources of this provider need types. */
type Type = "string" | "number" | "integer" | "boolean" | "strings" | "stringMap" | "list" | "file" | Shape;

/** What is known of one property of a resource. */
export interface Property {
  readonly type: Type;
  readonly required?: true;
  /** Marked as a secret, whether the program did so or not. */
  readonly secret?: true;
  readonly default?: Value;
  readonly oneOf?: readonly string[];
  /** Forces a replacement when it appears or goes as a whole. */
  readonly replaces?: true;
  /** Returns what is wrong with a value of the right type. */
  readonly check?: (value: Value) => string | undefined;
  /** The official provider knows it, this one doesn't: why not, or what to use. */
  readonly refused?: string;
}

export type Shape = { readonly [name: string]: Property };

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/**
 * Checks inputs against a shape and fills in its defaults and secrets. Nothing is said of values that are not known yet; the
 * inputs keep their secrets.
 */
export function checkInputs(shape: Shape, news: Props): { inputs: Props; failures: Failure[] } {
  const failures: Failure[] = [];
  const inputs = checkObject(shape, news, "", failures);
  return { inputs, failures };
}

function checkObject(shape: Shape, news: Props, prefix: string, failures: Failure[]): Props {
  const inputs: Props = {};
  for (const [name, value] of Object.entries(news)) {
    const property = shape[name];
    const path = `${prefix}${name}`;
    if (property === undefined) {
      // What the engine adds for itself travels on untouched; anything else the schema doesn't have.
      if (name === "version" || name.startsWith("__")) inputs[name] = value;
      else failures.push({ property: path, reason: `unknown property; known are ${Object.keys(shape).join(", ")}` });
      continue;
    }
    const checked = checkValue(property, value, path, failures);
    inputs[name] = property.secret ? secret(checked) : checked;
  }
  for (const [name, property] of Object.entries(shape)) {
    if (name in inputs || failures.some((failure) => failure.property === `${prefix}${name}`)) continue;
    if (property.default !== undefined) inputs[name] = property.default;
    else if (property.required) failures.push({ property: `${prefix}${name}`, reason: "is required, but missing" });
  }
  return inputs;
}

function checkValue(property: Property, value: Value, path: string, failures: Failure[]): Value {
  if (property.refused !== undefined) {
    failures.push({ property: path, reason: `not supported by the stand-in: ${property.refused}` });
    return value;
  }
  if (isUnknown(value)) return value;
  const inner = unwrap(value) ?? null;
  if (typeof property.type === "object") {
    if (!isObject(inner)) failures.push({ property: path, reason: `should be an object, got ${describe(inner)}` });
    else return rewrap(value, checkObject(property.type, inner, `${path}.`, failures));
    return value;
  }
  const reason = typeFault(property.type, inner) ?? enumFault(property, inner) ?? property.check?.(inner);
  if (reason !== undefined) failures.push({ property: path, reason });
  return value;
}

/** Puts checked contents back where they were found: secret again where they were. */
function rewrap(value: Value, contents: Props): Value {
  return unwrap(value) === value ? contents : secret(contents);
}

function enumFault(property: Property, value: Value): string | undefined {
  if (property.oneOf === undefined || (typeof value === "string" && property.oneOf.includes(value))) return undefined;
  return `should be one of ${property.oneOf.join(", ")}, got ${JSON.stringify(value)}`;
}

/** Says what is wrong with the value's type. The value itself may be a secret and is never part of the answer. */
function typeFault(type: Exclude<Type, Shape>, value: Value): string | undefined {
  const known = (item: Value) => typeof unwrap(item) === "string" || isUnknown(item);
  switch (type) {
    case "string":
    case "number":
    case "boolean":
      return typeof value === type ? undefined : `should be a ${type}, got ${describe(value)}`;
    case "integer":
      return Number.isInteger(value) ? undefined : `should be a whole number, got ${describe(value)}`;
    case "list":
      return Array.isArray(value) ? undefined : `should be a list, got ${describe(value)}`;
    case "strings":
      return Array.isArray(value) && value.every(known)
        ? undefined
        : `should be a list of strings, got ${describe(value)}`;
    case "stringMap":
      return isObject(value) && Object.values(value).every(known) ? undefined : "should be an object of strings";
    case "file":
      if (isArchive(value)) return "archives are not supported by the stand-in: pack the files and pass a FileAsset";
      if (asAsset(value) === undefined) return `should be a FileAsset, got ${describe(value)}`;
      return asAsset(value)?.path === undefined ? "only a FileAsset is supported by the stand-in" : undefined;
    default: {
      const never: never = type;
      throw new Error(`no such type: ${String(never)}`);
    }
  }
}

function describe(value: Value): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
