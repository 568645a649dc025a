/**
 * Writes src/types/index.ts, the list of all types of jobs, from the files beside it: `welcome-email.ts` exports
 * `welcomeEmail`. Adding a type is adding its file.
 *
 * Usage: node types.cjs [folder, default src/types]
 */
const { existsSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");

function writeTypes(folder = join(__dirname, "src", "types")) {
  const file = join(folder, "index.ts");
  const list = listOf(folder);
  // Whoever watches the file isn't woken for nothing.
  if (!existsSync(file) || readFileSync(file, "utf8") !== list) writeFileSync(file, list);
}

function listOf(folder) {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => basename(file, ".ts"))
    .sort();
  const constant = (name) => name.replaceAll(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  const exports = names.map((name) => `export { ${constant(name)} } from "./${name}";\n`);
  return `// Made by types.cjs from the files in this folder: run it after adding one.\n${exports.join("")}`;
}

module.exports = { writeTypes };

if (require.main === module) writeTypes(process.argv[2]);
