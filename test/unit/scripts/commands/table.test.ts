import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE } from "../../../../scripts/lib/places";

test("every command has its line in the table of docs/commands.md, and nothing else has", () => {
  const commands = readdirSync(join(PACKAGE, "scripts/commands")).map((file) => file.replace(/\.ts$/, ""));
  const rows = readFileSync(join(PACKAGE, "docs/commands.md"), "utf8").match(/^\| `.*$/gm) ?? [];
  const named = rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`([\w-]+)/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(commands.sort());
});
