// What instances have logged, oldest line first, as PM2 wrote it: `<ISO time>: <text>`. Lines without a time belong to the one above
// them. Arguments: the earliest time in seconds since 1970, how many lines from the end at most, the log files.
const { closeSync, fstatSync, openSync, readSync } = require("node:fs");

/** Of a file that is longer, its end. */
const MAX_BYTES = 4 * 2 ** 20;
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d): /;

const [since, count, ...files] = process.argv.slice(2);
const entries = files.flatMap(linesOf).filter(({ at }) => at >= Number(since) * 1000);
// Stable: what has the same time stays in order.
entries.sort((a, b) => a.at - b.at);
process.stdout.write(
  entries
    .slice(-Number(count))
    .map(({ text }) => `${text}\n`)
    .join(""),
);

function linesOf(file) {
  let at = 0;
  return endOf(file)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [whole, time] = TIME.exec(line) ?? ["", undefined];
      if (time !== undefined) at = Date.parse(time);
      return { at, text: line.slice(whole.length) };
    });
}

function endOf(file) {
  let descriptor;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return "";
  }
  const { size } = fstatSync(descriptor);
  const bytes = Buffer.alloc(Math.min(size, MAX_BYTES));
  const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
  closeSync(descriptor);
  return bytes.toString("utf8", 0, read);
}
