import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { OtherRelease, PayloadInvalid, Unrecoverable } from "../../../../app/jobs/errors";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { decode, encode } from "../../../../app/jobs/table/payload";

const key = (id: string) => ({ id, key: new Uint8Array(randomBytes(32)) });
const run = async () => {};

const order = defineJob({
  name: "order",
  queue: "default",
  description: "An order",
  payload: z.strictObject({
    sku: z.string().trim().min(1),
    items: z.array(z.strictObject({ count: z.int().min(1) })).default([]),
  }),
  maxBytes: 200,
  run,
});

const secret = defineJob({
  name: "secret",
  queue: "default",
  description: "With a secret",
  payload: z.object({ user: z.string(), pin: z.string().optional(), card: z.object({ number: z.string() }) }),
  encrypted: ["pin", "card"],
  run,
});

function faultsOf(work: () => unknown): readonly { path: string; message: string }[] {
  try {
    work();
  } catch (error) {
    if (error instanceof PayloadInvalid) return error.faults;
    throw error;
  }
  return [];
}

describe("encode", () => {
  it("stores the payload itself, as the schema gives it", () => {
    const { json, value } = encode(order, { sku: " a " }, []);
    expect(json).toBe('{"sku":"a","items":[]}');
    expect(value).toEqual({ sku: "a", items: [] });
  });

  it("names the path of every fault", () => {
    const faults = faultsOf(() =>
      encode(order, { sku: "", items: [{ count: 1 }, { count: 0 }], extra: 1 } as never, []),
    );
    expect(faults.map(({ path }) => path)).toEqual(["sku", "items.1.count", ""]);
    expect(faults.at(-1)?.message).toContain('"extra"');
  });

  it("refuses what is larger than the type allows, in bytes and not in letters", () => {
    expect(encode(order, { sku: "ä".repeat(80) }, []).json).toContain("ä");
    const [fault] = faultsOf(() => encode(order, { sku: "ä".repeat(100) }, []));
    expect(fault).toEqual({ path: "", message: "should have at most 200 bytes as JSON, has 221" });
  });

  it("refuses what JSON can't carry, and what looks like ours", () => {
    const loose = defineJob({ name: "loose", queue: "q", description: "", payload: z.looseObject({}), run });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(faultsOf(() => encode(loose, circle, []))[0]?.message).toContain("should be something that JSON can carry");
    expect(faultsOf(() => encode(loose, { $v: 2 }, []))[0]?.path).toBe("$v");
    expect(faultsOf(() => encode(loose, { a: { $enc: "k:AAAA" } }, []))[0]?.path).toBe("a");
  });

  it("has one digest for the same content, in whatever order it comes", () => {
    const loose = defineJob({ name: "loose", queue: "q", description: "", payload: z.looseObject({}), run });
    const digest = encode(loose, { a: 1, b: { c: 2, d: 3 } }, []).digest();
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(encode(loose, { b: { d: 3, c: 2 }, a: 1 }, []).digest()).toBe(digest);
    expect(encode(loose, { b: { d: 3, c: 4 }, a: 1 }, []).matches(digest)).toBe(false);
    expect(encode({ ...loose, name: "other" }, { a: 1, b: { c: 2, d: 3 } }, []).matches(digest)).toBe(false);
  });
});

describe("encrypted fields", () => {
  const payload = { user: "eva", pin: "1234", card: { number: "4111" } };

  it("can't be read without the key, and come back with it", () => {
    const keys = [key("k1")];
    const { json } = encode(secret, payload, keys);
    expect(json).not.toContain("4111");
    expect(JSON.parse(json)).toEqual({
      user: "eva",
      pin: { $enc: expect.stringMatching(/^k1:/) },
      card: { $enc: expect.stringMatching(/^k1:/) },
    });
    expect(decode(secret, json, keys)).toEqual(payload);
  });

  it("are encrypted with the first key and read with any", () => {
    const [old, current] = [key("old"), key("new")];
    const { json, digest } = encode(secret, payload, [old]);
    expect(decode(secret, json, [current, old])).toEqual(payload);
    expect(encode(secret, payload, [current, old]).json).toContain('"new:');
    expect(encode(secret, payload, [current, old]).matches(digest())).toBe(true);
    expect(() => decode(secret, json, [current])).toThrow(
      new OtherRelease('secret: pin: is encrypted with the key "old", which QUEUE_ENCRYPTION_KEY doesn\'t have'),
    );
  });

  it("are refused as long as there is no key", () => {
    expect(() => encode(secret, payload, [])).toThrow(
      "secret has encrypted fields: QUEUE_ENCRYPTION_KEY should be set",
    );
  });

  it("have a digest that can't be found by trying without the key", () => {
    const digest = encode(secret, payload, [key("k")]).digest();
    expect(encode(secret, payload, [key("k")]).matches(digest)).toBe(false);
  });

  it("can't be changed, and not be moved to another field", () => {
    const keys = [key("k")];
    const stored = JSON.parse(encode(secret, payload, keys).json) as Record<string, unknown>;
    const moved = JSON.stringify({ ...stored, card: stored.pin });
    expect(() => decode(secret, moved, keys)).toThrow(/^secret: card: can't be decrypted/);
    const changed = JSON.stringify(stored).replace(/k:./, (start) => (start === "k:A" ? "k:B" : "k:A"));
    expect(() => decode(secret, changed, keys)).toThrow(Unrecoverable);
  });

  it("are read in clear where the job is older than their encryption, and decrypted where it is younger than its end", () => {
    expect(decode(secret, JSON.stringify(payload), [])).toEqual(payload);
    const keys = [key("k")];
    const open = defineJob({ ...secret, encrypted: [] });
    expect(decode(open, encode(secret, payload, keys).json, keys)).toEqual(payload);
  });
});

describe("versions", () => {
  const renamed = defineJob({
    name: "order",
    queue: "default",
    description: "An order",
    run,
    payload: z.strictObject({ article: z.string(), count: z.int() }),
    version: 3,
    upgrade: {
      1: (old) => ({ article: (old as { sku: string }).sku }),
      2: (old) => ({ ...(old as object), count: 1 }),
    },
  });

  it("are noted from the second one on, and brought to the present step by step", () => {
    expect(encode(renamed, { article: "a", count: 2 }, []).json).toBe('{"article":"a","count":2,"$v":3}');
    expect(decode(renamed, '{"article":"a","count":2,"$v":3}', [])).toEqual({ article: "a", count: 2 });
    expect(decode(renamed, '{"article":"a","$v":2}', [])).toEqual({ article: "a", count: 1 });
    expect(decode(renamed, encode(order, { sku: "a" }, []).json, [])).toEqual({ article: "a", count: 1 });
  });

  it("that are newer are left to a newer release", () => {
    const work = () => decode(order, '{"sku":"a","$v":2}', []);
    expect(work).toThrow(new OtherRelease("order: the payload has version 2, and this release knows 1 at most"));
  });

  it("with fields that a newer release has added are read without them, however strict the type is", () => {
    const newer = '{"sku":"a","note":"x","items":[{"count":1,"colour":{"r":1}}]}';
    expect(decode(order, newer, [])).toEqual({ sku: "a", items: [{ count: 1 }] });
    expect(() => decode(order, '{"sku":1,"note":"x"}', [])).toThrow(Unrecoverable);
  });

  it.each([
    ['"text"', "order: the payload should be a JSON object"],
    ["{", "order: the payload should be a JSON object"],
    ['{"sku":"a","$v":"x"}', 'order: $v: should be a version from 1 to 1, got "x"'],
    ['{"sku":1}', "order: sku: Invalid input: expected string, received number"],
  ])("that nobody can read are given up: %s", (json, message) => {
    expect(() => decode(order, json, [])).toThrow(new Unrecoverable(message));
  });

  it("whose upgrade throws are given up", () => {
    const broken = defineJob({
      ...order,
      version: 2,
      upgrade: {
        1: () => {
          throw new Error("no sku");
        },
      },
    });
    expect(() => decode(broken, "{}", [])).toThrow(
      new Unrecoverable("order: can't be upgraded from version 1 (no sku)"),
    );
  });
});
