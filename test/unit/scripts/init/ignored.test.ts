import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureIgnored } from "../../../../scripts/init/ignored";
import { project } from "./project";

test("a project gets a .gitignore, and keeps the one that it has", () => {
  const bare = project({ "Pulumi.yaml": "" });
  expect(ensureIgnored(bare)).toBe(true);
  expect(readFileSync(join(bare, ".gitignore"), "utf8")).toBe("node_modules/\n.env\nPulumi.rehearsal*.yaml\n");
  const own = project({ ".gitignore": "mine\n" });
  expect(ensureIgnored(own)).toBe(false);
  expect(readFileSync(join(own, ".gitignore"), "utf8")).toBe("mine\n");
});
