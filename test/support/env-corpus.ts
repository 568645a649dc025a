/** Every printable character of ASCII, and what people put into passwords and texts besides. */
const MARKS = [
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
  ..."\n\té€ß日\u00a0\u2028\ufeff",
  "😀",
];

/** The marks that a quoting can go wrong about: tried in threes too. */
const HARD = ["'", '"', "$", "`", "\\", "#", " ", "\n", "=", "!", "a", "n", "{", "%"];

/** Values to be read back: each mark alone, doubled, first, last, between others and after a backslash, and the hard triples. */
export function corpus(): string[] {
  const single = MARKS.flatMap((c) => [c, c + c, `${c}a`, `a${c}`, `a${c}b`, ` ${c} `, `\\${c}`, `$${c}`, `#${c}`]);
  const triples = HARD.flatMap((a) => HARD.flatMap((b) => HARD.map((c) => a + b + c)));
  return [...new Set(["", "true", "correct-horse-battery", "a=b=c", "{{x}}", ...single, ...triples])];
}

/** The documented rule, in other words than the code's: which of these values no `.env` can carry. */
export function isRefused(value: string): boolean {
  const singleQuoted = !value.includes("'") && value.at(-1) !== "\\";
  const doubleQuoted = ['"', "\\", "$", "`"].every((mark) => !value.includes(mark));
  return !singleQuoted && !doubleQuoted;
}

/** The values of a corpus as the keys V0, V1 ... */
export function keyed(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`V${index}`, value]));
}

/** Reads `KEY=value` pairs with a NUL after each, as `env -0` prints them; only the keys V0, V1 ... */
export function parseNul(text: string): Record<string, string> {
  const pairs = text.split("\0").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return Object.fromEntries(pairs.filter(([key = ""]) => /^V\d+$/.test(key)));
}
