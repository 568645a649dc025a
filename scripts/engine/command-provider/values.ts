import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A property value as it travels between the engine and a provider: JSON in which objects with a signature are special. */
export type Value = null | boolean | number | string | Value[] | Props;
export type Props = { [key: string]: Value };

// The engine's own constants, from the wire format that @pulumi/pulumi reads in runtime/rpc.js.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** What stands for a value that is not known yet, as in a preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The engine has one such mark for each type of value; all of them mean the same here. */
const UNKNOWNS = new Set<Value>([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Reads a message's properties; those that are null count as absent, as the official provider has it. */
export function fromStruct(struct: Struct | undefined): Props {
  return withoutNulls((struct?.toJavaScript() ?? {}) as Props) as Props;
}

export function toStruct(props: Props): Struct {
  return Struct.fromJavaScript(props);
}

/** True for an object of properties: not null, not a list, nothing with a signature. */
export function isObject(value: Value | undefined): value is Props {
  return isRecord(value) && value[SIGNATURE] === undefined;
}

export function isSecret(value: Value | undefined): boolean {
  return isRecord(value) && (value[SIGNATURE] === SECRET || (value[SIGNATURE] === OUTPUT && value.secret === true));
}

export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** Takes one value out of what wraps it: secret, or output with its dependencies. Values inside stay as they are. */
export function unwrap(value: Value | undefined): Value | undefined {
  if (!isRecord(value)) return value;
  if (value[SIGNATURE] === SECRET) return unwrap(value.value);
  if (value[SIGNATURE] === OUTPUT) return value.value === undefined ? UNKNOWN : unwrap(value.value);
  return value;
}

/** The value with everything in it unwrapped: what a program would have passed if it knew no secrets. */
export function plain(value: Value | undefined): Value | undefined {
  const inner = unwrap(value);
  if (Array.isArray(inner)) return inner.map((item) => plain(item) ?? null);
  if (!isObject(inner)) return inner;
  return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, plain(item) ?? null]));
}

/** True when the value itself is not known yet (something inside a known list or object may still be). */
export function isUnknown(value: Value | undefined): boolean {
  const inner = unwrap(value);
  return inner !== undefined && UNKNOWNS.has(inner);
}

/** An asset of a file, of a text or of an address, with the sha256 that the engine computed of its content. */
export interface Asset {
  readonly hash: string;
  readonly path?: string;
  readonly text?: string;
  readonly uri?: string;
}

export function asAsset(value: Value | undefined): Asset | undefined {
  const inner = unwrap(value);
  if (!isRecord(inner) || inner[SIGNATURE] !== ASSET) return undefined;
  const text = (key: string) => (typeof inner[key] === "string" && inner[key] !== "" ? { [key]: inner[key] } : {});
  return { hash: "", ...text("hash"), ...text("path"), ...text("text"), ...text("uri") };
}

export function isArchive(value: Value | undefined): boolean {
  const inner = unwrap(value);
  return isRecord(inner) && inner[SIGNATURE] === ARCHIVE;
}

/** Any JSON object, with a signature or without. */
export function isRecord(value: Value | undefined): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}
