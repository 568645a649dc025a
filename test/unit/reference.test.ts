import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { markdownTable, pulumiYaml } from "../../infra/config/reference";

const ROOT = join(__dirname, "../..");

test("Pulumi.yaml is what the schema says (npx vitest run --project unit -u writes it anew)", async () => {
  await expect(pulumiYaml()).toMatchFileSnapshot(join(ROOT, "Pulumi.yaml"));
});

test("README's reference of the configuration is what the schema says", () => {
  expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(markdownTable());
});
