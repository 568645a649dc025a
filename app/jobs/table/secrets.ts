import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { OtherRelease } from "../errors";
import type { Settings } from "../settings";

export type Keys = Settings["encryptionKeys"];

/** An encrypted value: `<key id>:<iv, tag and ciphertext in base64>`. */
export interface Sealed {
  readonly $enc: string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function isSealed(value: unknown): value is Sealed {
  return typeof value === "object" && value !== null && typeof (value as Partial<Sealed>).$enc === "string";
}

/** Encrypts a value with the first key (AES-256-GCM), bound to where it stands: it can't be moved to another field. */
export function seal(value: unknown, place: string, keys: Keys): Sealed {
  const [first] = keys;
  if (!first) throw new Error("QUEUE_ENCRYPTION_KEY isn't set");
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", first.key, iv).setAAD(Buffer.from(place));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
  return { $enc: `${first.id}:${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString("base64")}` };
}

/** @throws OtherRelease when the key isn't among ours; Error when the value was changed or moved */
export function unseal({ $enc }: Sealed, place: string, keys: Keys): unknown {
  const colon = $enc.indexOf(":");
  const id = $enc.slice(0, colon);
  const found = keys.find((candidate) => candidate.id === id);
  if (!found) throw new OtherRelease(`is encrypted with the key "${id}", which QUEUE_ENCRYPTION_KEY doesn't have`);
  const bytes = Buffer.from($enc.slice(colon + 1), "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", found.key, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    return JSON.parse(text);
  } catch {
    throw new Error(`can't be decrypted with the key "${id}": it was changed, or encrypted for another field`);
  }
}

/** A digest under which a secret can't be guessed by trying: as the fields themselves, it takes the key. */
export function keyedDigest(text: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(text).digest("hex");
}
