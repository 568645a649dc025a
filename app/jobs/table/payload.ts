import { createHash } from "node:crypto";
import type { z } from "zod";
import { EncryptionKeyMissing, type Fault, OtherRelease, PayloadInvalid, Unrecoverable } from "../errors";
import { MAX_BYTES } from "./defaults";
import { isSealed, type Keys, keyedDigest, seal, unseal } from "./secrets";
import type { AnyJob, PayloadOf } from "./types";

/** A payload, ready to be stored. */
export interface Encoded<Output = unknown> {
  /** As the type's schema gives it: what `run` gets. */
  readonly value: Output;
  /** JSON: the payload's fields, `$v` where its version isn't 1, encrypted fields as `{"$enc": "..."}`. */
  readonly json: string;
  /** 16 hex digits over type and payload before encryption. */
  digest(): string;
  /** Whether a digest is this payload's, also where it was made with an older key. */
  matches(digest: string): boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks a payload and makes it ready to be stored.
 *
 * @throws PayloadInvalid with the path of each fault; EncryptionKeyMissing
 */
export function encode<Job extends AnyJob>(
  job: Job,
  payload: PayloadOf<Job>,
  keys: Keys,
): Encoded<z.output<Job["payload"]>> {
  const parsed = job.payload.safeParse(payload);
  if (!parsed.success) throw new PayloadInvalid(job.name, faultsOf(parsed.error));
  const value = parsed.data as Fields;
  const plain = toJson(job, value);
  const { encrypted = [], version = 1, maxBytes = MAX_BYTES } = job;
  const bytes = Buffer.byteLength(plain);
  if (bytes > maxBytes) refuse(job, "", `should have at most ${maxBytes} bytes as JSON, has ${bytes}`);
  if (encrypted.length > 0 && keys.length === 0) throw new EncryptionKeyMissing(job.name);
  const lookalike = Object.keys(value).find((field) => field.startsWith("$") || isSealed(value[field]));
  if (lookalike !== undefined) refuse(job, lookalike, "should neither begin with $ nor be an object with $enc");

  const sealed = encrypted.filter((field) => value[field] !== undefined);
  let json = plain;
  if (sealed.length > 0 || version !== 1) {
    const stored: Record<string, unknown> = { ...value };
    for (const field of sealed) stored[field] = seal(value[field], placeOf(job, field), keys);
    if (version !== 1) stored.$v = version;
    json = JSON.stringify(stored);
  }
  const digests = (): string[] => {
    const text = `${job.name}\n${sorted(value)}`;
    const all =
      encrypted.length > 0
        ? keys.map(({ key }) => keyedDigest(text, key))
        : [createHash("sha256").update(text).digest("hex")];
    return all.map((digest) => digest.slice(0, 16));
  };
  return {
    value: parsed.data as z.output<Job["payload"]>,
    json,
    digest: () => digests()[0] ?? "",
    matches: (digest) => digests().includes(digest),
  };
}

/**
 * Reads what `encode` made, or what an older release or another program has put into the queue: decrypts it, brings it to
 * the type's version step by step, and checks it again. Fields that the type doesn't know are left out, also by strict types.
 *
 * @throws Unrecoverable when it never will be readable; OtherRelease when a newer one made it, or with a key that isn't here
 */
export function decode<Job extends AnyJob>(job: Job, json: string, keys: Keys): z.output<Job["payload"]> {
  const { $v: stored = 1, ...fields } = parse(job, json);
  const { version = 1 } = job;
  if (typeof stored !== "number" || !Number.isInteger(stored) || stored < 1)
    throw new Unrecoverable(`${job.name}: $v: should be a version from 1 to ${version}, got ${JSON.stringify(stored)}`);
  if (stored > version)
    throw new OtherRelease(`${job.name}: the payload has version ${stored}, and this release knows ${version} at most`);
  let value: unknown = decrypt(job, fields, keys);
  for (let from = stored; from < version; from++) value = upgrade(job, from, value);
  const parsed = parseKnown(job, value);
  if (!parsed.success) throw new Unrecoverable(new PayloadInvalid(job.name, faultsOf(parsed.error)).message);
  return parsed.data as z.output<Job["payload"]>;
}

/** Without the fields that a newer release has added, where nothing else is wrong: workers of both releases run side by side. */
function parseKnown(job: AnyJob, value: unknown): z.ZodSafeParseResult<unknown> {
  const parsed = job.payload.safeParse(value);
  if (parsed.success) return parsed;
  const known = structuredClone(value);
  for (const issue of parsed.error.issues) {
    if (issue.code !== "unrecognized_keys") return parsed;
    const owner = issue.path.reduce<unknown>((part, step) => (part as Record<PropertyKey, unknown>)[step], known);
    for (const key of issue.keys) Reflect.deleteProperty(owner as object, key);
  }
  return job.payload.safeParse(known);
}

/** The faults that zod found, unions' included, as the path of a field and what it should be. */
export function faultsOf(error: z.ZodError): readonly Fault[] {
  return error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}

const placeOf = (job: AnyJob, field: string) => `${job.name}.${field}`;

function toJson(job: AnyJob, value: Fields): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    return refuse(job, "", `should be something that JSON can carry (${(error as Error).message.split("\n")[0]})`);
  }
}

function parse(job: AnyJob, json: string): Fields {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // Said below.
  }
  throw new Unrecoverable(`${job.name}: the payload should be a JSON object`);
}

function decrypt(job: AnyJob, fields: Fields, keys: Keys): Fields {
  const sealed = Object.entries(fields).filter(([, value]) => isSealed(value));
  if (sealed.length === 0) return fields;
  const clear: Record<string, unknown> = { ...fields };
  for (const [field, value] of sealed) {
    try {
      clear[field] = unseal(value as never, placeOf(job, field), keys);
    } catch (error) {
      const Kind = error instanceof OtherRelease ? OtherRelease : Unrecoverable;
      throw new Kind(`${job.name}: ${field}: ${(error as Error).message}`);
    }
  }
  return clear;
}

function upgrade(job: AnyJob, from: number, value: unknown): unknown {
  try {
    return job.upgrade?.[from]?.(value);
  } catch (error) {
    throw new Unrecoverable(`${job.name}: can't be upgraded from version ${from} (${(error as Error).message})`);
  }
}

function refuse(job: AnyJob, path: string, message: string): never {
  throw new PayloadInvalid(job.name, [{ path, message }]);
}

/** JSON with the keys of each object in alphabetical order: the same content gives the same text. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
