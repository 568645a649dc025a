import { parse } from "dotenv";
import { expect, test } from "vitest";
import { quote } from "../../../../infra/bundles/env-file";
import { readDotenv } from "../../../../scripts/environment/read";
import { corpus, keyed } from "../../../support/env-corpus";

const record = (text: string) => Object.fromEntries(readDotenv(text).entries.map(({ key, value }) => [key, value]));

test("a file is read as dotenv reads it", () => {
  const text = [
    "# a comment",
    "PLAIN=1",
    "export SPACED = two words # and a comment",
    'LINES="-----BEGIN KEY-----',
    "FOO=not a key",
    '-----END KEY-----" # closed',
    'ESCAPED="say \\"hi\\"',
    'twice"',
    "EMPTY=",
    "YAML: yes",
    "HASH='a#b'",
    "QUOTES='\"inner\"'",
    "APOSTROPHE=it's",
    "TRAILING='x' y",
    "",
  ].join("\r\n");
  expect(readDotenv(text).faults).toEqual([]);
  expect(record(text)).toEqual(parse(text));
  expect(record(text)).toMatchObject({ SPACED: "two words", HASH: "a#b", QUOTES: '"inner"' });
  expect(readDotenv(text).entries.map(({ line }) => line)).toEqual([2, 3, 4, 7, 9, 10, 11, 12, 13, 14]);
});

test("every value that we write is read back", () => {
  const wanted = Object.fromEntries(
    Object.entries(keyed(corpus())).filter(([, value]) => typeof quote(value) === "string"),
  );
  const text = Object.entries(wanted)
    .map(([key, value]) => `${key}=${quote(value)}\n`)
    .join("");
  const { faults } = readDotenv(text);
  expect(faults).toEqual([]);
  expect(record(text)).toEqual(wanted);
});

test("what dotenv passes over is a fault with its line, without the value", () => {
  const text = ["A=1", "sk_live_s3cret", "B='s3cret", "A=s3cret", "C:", "D=2", 'E="', ""].join("\n");
  const { entries, faults } = readDotenv(text);
  expect(faults).toEqual([
    { line: 2, reason: "should be KEY=value" },
    { line: 3, reason: "B opens a quote that is never closed" },
    { line: 4, reason: "A stands in line 1 already" },
    { line: 5, reason: "should be KEY=value" },
    { line: 7, reason: "E opens a quote that is never closed" },
  ]);
  expect(entries.map(({ key }) => key)).toEqual(["A", "D"]);
});

test("a byte order mark and no line break at the end", () => {
  expect(record("\uFEFFA=1\nB=2")).toEqual({ A: "1", B: "2" });
});
