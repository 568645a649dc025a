import { describe, expect, test } from "vitest";
import { labelFaults, labelSelector } from "../../../twin/request/labels";

const WEB = { role: "web", tier: "1" };

describe("a label selector", () => {
  test.each([
    ["role", true],
    ["!role", false],
    ["other", false],
    ["!other", true],
    ["role=web", true],
    ["role==web", true],
    ["role=db", false],
    ["role!=db", true],
    ["role!=web", false],
    ["other!=x", true],
    ["role in (web,db)", true],
    ["role in (db)", false],
    ["role notin (db, cache)", true],
    ["role notin (web)", false],
    ["role=web,tier=1", true],
    ["role=web,tier in (2,3)", false],
    ["role=", false],
  ])("%s on role=web, tier=1 is %s", (selector, matches) => {
    expect(labelSelector(selector)(WEB)).toBe(matches);
  });

  test.each(["", "role web", "=web", "role in web", "role=a b", "ro le", "-x"])("'%s' is invalid_input", (selector) => {
    expect(() => labelSelector(selector)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  test("only a label of the map itself counts", () => {
    expect(labelSelector("constructor")({})).toBe(false);
    expect(labelSelector("constructor in (x)")({})).toBe(false);
  });
});

describe("labels", () => {
  test("with a DNS prefix, dots and empty values are well-formed", () => {
    expect(labelFaults({ "example.com/role": "web", "a.b_c-d": "", x: "1" })).toEqual([]);
  });

  test("every fault is named at once", () => {
    expect(labelFaults({ "-x": "y", ok: "a b", long: "x".repeat(64) })).toEqual([
      {
        name: "labels",
        messages: [
          "label key '-x' is not correctly formatted",
          "label value 'a b' (of ok) is not correctly formatted",
          `label value '${"x".repeat(64)}' (of long) is not correctly formatted`,
        ],
      },
    ]);
  });
});
