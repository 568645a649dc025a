import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { configKey, queuehost } from "../../../infra/config/typed";
import { projectName, typed } from "../../../scripts/lib/places";

test.each([
  ["name: shop\nruntime: nodejs\n", "shop"],
  ["runtime: nodejs\nname: 'shop' # ours\ntemplate:\n  name: other\n", "shop"],
  ["runtime: nodejs\n", ""],
])("a project's name is that in its Pulumi.yaml: %j", (text, name) => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-project-"));
  writeFileSync(join(folder, "Pulumi.yaml"), text);
  expect(projectName(folder)).toBe(name);
  rmSync(folder, { recursive: true });
  expect(projectName(folder)).toBe("");
});

test("lines to be typed work in a clone and in a project of a team's own", () => {
  expect(configKey("server.protect", projectName())).toBe("server.protect");
  expect(configKey("server.protect", "shop")).toBe("queuehost:server.protect");
  expect(queuehost("up --stack staging", "shop")).toBe("npx queuehost up --stack staging");
  expect(queuehost("up --stack staging", projectName())).toBe(typed("up", "--stack", "staging"));
  expect(typed("verify", "--stack", "staging")).toBe("npm run verify -- --stack staging");
});
