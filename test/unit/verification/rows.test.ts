import { describe, expect, test } from "vitest";
import { parse, silent } from "../../../scripts/verification/rows";

describe("parse", () => {
  test("reads concern, name, verdict and what was seen", () => {
    expect(parse("redis\tit answers\tok\tPONG\nredis\tit is full\tfail\tnothing\n")).toEqual([
      { concern: "redis", name: "it answers", ok: true, seen: "PONG" },
      { concern: "redis", name: "it is full", ok: false, seen: "nothing" },
    ]);
  });

  test("takes a check that saw nothing", () => {
    expect(parse("redis\tit answers\tok")).toEqual([{ concern: "redis", name: "it answers", ok: true, seen: "" }]);
  });

  test.each([
    ["redis\tSegmentation fault", "redis", "redis Segmentation fault"],
    ["redis\tit answers", "redis", "redis it answers"],
    ["redis\tit answers\tperhaps\tPONG", "redis", "redis it answers perhaps PONG"],
    ["bash: line 1: nonsense", "bash: line 1: nonsense", "bash: line 1: nonsense"],
  ])("turns a row that is no check into a failure: %j", (row, concern, said) => {
    expect(parse(`${row}\n`)).toEqual([{ concern, name: "verify.sh", ok: false, seen: `no check: ${said}` }]);
  });
});

describe("silent", () => {
  const seen = (concern: string) => ({ concern, name: "", ok: true, seen: "" });

  test("is a failure for each concern that answered nothing", () => {
    expect(silent([seen("outside"), seen("redis")], ["app", "redis"])).toEqual([
      { concern: "app", name: "verify.sh", ok: false, seen: "it answered nothing" },
    ]);
  });

  test("is nothing when all answered, and when the server wasn't reached", () => {
    expect(silent([seen("app"), seen("redis")], ["app", "redis"])).toEqual([]);
    expect(silent([seen("ssh")], ["app", "redis"])).toEqual([]);
  });
});
