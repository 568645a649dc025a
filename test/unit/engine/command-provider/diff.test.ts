import { describe, expect, test } from "vitest";
import { diffInputs, topLevel } from "../../../../scripts/engine/command-provider/diff";
import { type Props, secret, UNKNOWN } from "../../../../scripts/engine/command-provider/values";

const REPLACING = new Set(["triggers"]);
const OLD: Props = {
  create: "make",
  environment: { HOME: "/", "dotted.name": "1" },
  triggers: [1, { k: ["v"] }, secret("s")],
  stdin: secret("in"),
};

/** The changed paths as one line, `!` for those that replace. */
function changes(news: Props, olds: Props = OLD): string {
  const diff = [...diffInputs(olds, news, REPLACING)];
  return diff.map(([path, { kind, replaces }]) => `${kind}${replaces ? "!" : ""} ${path}`).join(", ");
}

const file = (path: string, hash: string) => ({
  "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
  path,
  hash,
});

describe("diffInputs", () => {
  test.each([
    ["the same", { ...OLD }, ""],
    ["the engine's own inputs", { ...OLD, version: "1.2.1", __defaults: [] }, ""],
    ["a value", { ...OLD, create: "remake" }, "update create"],
    ["a new property", { ...OLD, update: "mend" }, "add update"],
    ["a property that goes", { ...OLD, environment: { HOME: "/" } }, 'delete environment["dotted.name"]'],
    [
      "something inside an object",
      { ...OLD, environment: { HOME: "/root", "dotted.name": "1" } },
      "update environment.HOME",
    ],
    ["an element of triggers", { ...OLD, triggers: [2, { k: ["v"] }, secret("s")] }, "update triggers[0]"],
    ["something inside an element", { ...OLD, triggers: [1, { k: ["w"] }, secret("s")] }, "update triggers[1].k[0]"],
    ["fewer triggers", { ...OLD, triggers: [1] }, "delete triggers[1], delete triggers[2]"],
    ["a secret", { ...OLD, stdin: secret("other") }, "update stdin"],
    ["a secret that is none any more", { ...OLD, stdin: "in" }, "update stdin"],
    ["a value that is not known yet", { ...OLD, create: UNKNOWN }, "update create"],
  ])("%s", (_, news, expected) => expect(changes(news as Props)).toBe(expected));

  test("triggers that appear or go replace", () => {
    const { triggers, ...without } = OLD;
    expect(changes(OLD, without)).toBe("add! triggers");
    expect(changes(without)).toBe("delete! triggers");
    expect(triggers).toBeDefined();
  });

  test("a file is compared by its content", () => {
    expect(changes({ source: file("/b", "h1") }, { source: file("/a", "h1") })).toBe("");
    expect(changes({ source: file("/a", "h2") }, { source: file("/a", "h1") })).toBe("update source");
  });

  test("inside a secret nothing is told apart", () => {
    const connection = (port: number) => ({ connection: secret({ host: "h", port }) });
    expect(changes(connection(2), connection(1))).toBe("update connection");
  });
});

test("topLevel", () => {
  expect(["create", "environment.HOME", 'environment["a.b"]', "triggers[1].k"].map(topLevel)).toEqual([
    "create",
    "environment",
    "environment",
    "triggers",
  ]);
});
