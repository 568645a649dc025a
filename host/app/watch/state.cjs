// What the watch knows, for people and for the command line: key=value lines.
const { mkdirSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const ROOT = process.env.WATCH_STATE ?? "/var/lib/queuehost.d/watch";

/** Puts the state in place in one step. */
function write(name, state) {
  mkdirSync(ROOT, { recursive: true, mode: 0o755 });
  const lines = Object.entries(state).map(([key, value]) => `${key}=${String(value).replace(/\s+/g, " ")}\n`);
  const file = join(ROOT, name);
  writeFileSync(`${file}.new`, lines.join(""), { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

module.exports = { write, ROOT };
