/**
 * Writes src/types/index.ts, the list of all types of jobs, from the files beside it: `welcome-email.ts` exports
 * `welcomeEmail`. Adding a type is adding its file.
 *
 * Usage: node types.cjs
 */
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");

const FOLDER = join(__dirname, "src", "types");

/** What the list should be. */
function listOfTypes(folder = FOLDER) {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => basename(file, ".ts"))
    .sort();
  const constant = (name) => name.replaceAll(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  const exports = names.map((name) => `export { ${constant(name)} } from "./${name}";\n`);
  return `// Made by types.cjs from the files in this folder: run it after adding one.\n${exports.join("")}`;
}

/** Writes it where it differs, so that whoever watches the file isn't woken for nothing. */
function writeTypes(folder = FOLDER) {
  const file = join(folder, "index.ts");
  const list = listOfTypes(folder);
  if (read(file) !== list) writeFileSync(file, list);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

module.exports = { listOfTypes, writeTypes };

if (require.main === module) writeTypes();
