import { parse } from "dotenv";

/** A variable of an `.env`, and the line where it begins. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** What is wrong with a line of an `.env`. Never holds a value. */
export interface LineFault {
  readonly line: number;
  readonly reason: string;
}

/**
 * Reads the text of an `.env` as dotenv does, and says what dotenv passes over in silence: lines that are no variable, quotes
 * that are never closed, and keys that stand there twice.
 */
export function readDotenv(text: string): { entries: Entry[]; faults: LineFault[] } {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const entries: Entry[] = [];
  const faults: LineFault[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = at + 1;
    const read = readOne(lines, at);
    at = read.next;
    if ("fault" in read) faults.push({ line, reason: read.fault });
    else if ("key" in read) {
      const { key, value } = read;
      const before = entries.find((entry) => entry.key === key);
      if (before) faults.push({ line, reason: `${key} stands in line ${before.line} already` });
      else entries.push({ key, value, line });
    }
  }
  return { entries, faults };
}

type Read = { next: number } & ({ key: string; value: string } | { fault: string } | object);

/** Reads what begins at a line: one line, or as many as its quotes hold. */
function readOne(lines: readonly string[], at: number): Read {
  const first = lines[at] ?? "";
  if (/^\s*(#|$)/.test(first)) return { next: at + 1 };
  const [pair] = Object.entries(parse(first));
  if (pair === undefined) return { next: at + 1, fault: "should be KEY=value" };
  const [key, value] = pair;
  const [, quote, rest = ""] = /[=:]\s*(['"`])(.*)$/.exec(first) ?? [];
  if (quote === undefined || closes(rest, quote)) return { next: at + 1, key, value };
  const more = lines.slice(at + 1).findIndex((line) => closes(line, quote)) + 1;
  const [longer, ...others] = Object.entries(parse(lines.slice(at, at + 1 + more).join("\n")));
  if (more > 0 && longer && others.length === 0 && longer[1].includes("\n"))
    return { next: at + 1 + more, key, value: longer[1] };
  return QUOTED.test(value)
    ? { next: at + 1, fault: `${key} opens a quote that is never closed` }
    : { next: at + 1, key, value };
}

/** dotenv leaves a quote that isn't closed where it is. */
const QUOTED = /^['"`]/;

/** Whether a quote is in there without a backslash before it. */
const closes = (text: string, quote: string) => text.replaceAll(`\\${quote}`, "").includes(quote);
