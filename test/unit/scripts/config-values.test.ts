import { expect, test } from "vitest";
import { bundled } from "../../../scripts/lib/config-values";

const value = (key: string, length: number, secret = false) => ({ key, value: "x".repeat(length), secret });

test("values go into as few arguments as Linux takes, those that no argument holds apart", () => {
  const { bundles, single } = bundled([
    value("a", 60_000),
    value("b", 59_000, true),
    value("c", 10),
    value("d", 60_000),
    value("e", 125_000, true),
  ]);
  expect(bundles.map((json) => Object.keys(JSON.parse(json)))).toEqual([["a", "b", "c"], ["d"]]);
  expect(Math.max(...bundles.map((json) => Buffer.byteLength(json)))).toBeLessThan(131_000);
  expect(JSON.parse(bundles[0] ?? "").b.secret).toBe(true);
  expect(single.map(({ key }) => key)).toEqual(["e"]);
});

test("what JSON makes longer counts as long", () => {
  expect(bundled([{ key: "a", value: '"'.repeat(70_000), secret: true }]).single).toHaveLength(1);
});

test("no values, no argument", () => {
  expect(bundled([])).toEqual({ bundles: [], single: [] });
});
