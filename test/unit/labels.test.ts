import { expect, test } from "vitest";
import { isOfProject, labelsOf, labelValue } from "../../infra/config/labels";

test.each([
  ["my-shop_2.x", "my-shop_2.x"],
  ["@team/shop", "team-shop"],
  ["_shop.", "shop"],
  [`${"a".repeat(62)}--b`, "a".repeat(62)],
  ["...", ""],
])("the name %s is labelled as Hetzner takes it", (name, label) => {
  expect(labelValue(name)).toBe(label);
  expect(label).toMatch(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/);
});

test("things of another project aren't its own; those without a project's label may be", () => {
  const labels = labelsOf({ stack: "staging", project: "@team/shop" }, "intranet");
  expect(labels).toEqual({ "managed-by": "queuehost", stack: "staging", project: "team-shop", app: "intranet" });
  expect(isOfProject(labels, "@team/shop")).toBe(true);
  expect(isOfProject(labels, "blog")).toBe(false);
  expect(isOfProject({ stack: "staging" }, "blog")).toBe(true);
});
