import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { CsvError } from "csv-parse";
import { Unrecoverable } from "queuehost/jobs";
import type { StockItem } from "./inventory";

/** A line of a table, an empty one not counted, may be this long, in bytes. */
const LINE_BYTES = 16 * 1024;
/** Faults that are told; a file that is wrong is wrong in many lines. */
const FAULTS = 20;

const COLUMNS = ["sku", "name", "quantity", "reorder_level", "price"] as const;
const REQUIRED: readonly string[] = ["sku", "name", "quantity"];
type Column = (typeof COLUMNS)[number];

/**
 * Reads stock from a CSV file in UTF-8, with or without a byte order mark, its columns separated by commas, semicolons or
 * tabs and named by its first line, in any order: sku, name, quantity and, if wanted, reorder_level and price.
 *
 * @throws Unrecoverable with the line, the column and what was expected, for up to 20 faults; nothing was done then
 */
export async function readStock(bytes: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<readonly StockItem[]> {
  const faults: string[] = [];
  const items = new Map<string, { item: StockItem; line: number }>();
  let header: readonly string[] | undefined;
  try {
    for await (const { record, line } of records(bytes)) {
      signal?.throwIfAborted();
      if (header === undefined) {
        header = readHeader(record);
        continue;
      }
      const found = readItem(header, record);
      const earlier = typeof found === "string" ? undefined : items.get(found.sku);
      if (typeof found === "string") faults.push(`line ${line}: ${found}`);
      else if (earlier) faults.push(`line ${line}: sku: ${found.sku} is in line ${earlier.line} already`);
      else items.set(found.sku, { item: found, line });
      if (faults.length === FAULTS) break;
    }
  } catch (error) {
    if (!isCsvError(error)) throw error;
    faults.push(explain(error));
  }
  if (header === undefined && faults.length === 0) faults.push("the file is empty");
  if (faults.length > 0) throw new Unrecoverable(faults.join("\n"));
  return [...items.values()].map(({ item }) => item);
}

interface Line {
  readonly record: readonly string[];
  readonly line: number;
}

async function* records(bytes: AsyncIterable<Buffer>): AsyncIterable<Line> {
  const text = utf8(bytes)[Symbol.asyncIterator]();
  const first = await text.next();
  const start = first.done ? "" : first.value;
  const whole = async function* () {
    yield start;
    yield* { [Symbol.asyncIterator]: () => text };
  };
  // Loaded by the first import.
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter: delimiterOf(start),
    info: true,
    // Counted here, so that all lines are told and not the first alone.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LINE_BYTES,
    trim: true,
  });
  // What ends it comes out of the parser too, where it is read.
  pipeline(Readable.from(whole()), parser).catch(() => {});
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>)
    yield { record, line: info.lines };
}

/** Text of UTF-8 bytes, without the byte order mark. @throws Unrecoverable with the line where it is none */
async function* utf8(bytes: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let lines = 1;
  for await (const chunk of bytes) {
    try {
      const text = decoder.decode(chunk, { stream: true });
      if (text === "") continue;
      if (text.includes("\0")) throw new TypeError();
      lines += text.split("\n").length - 1;
      yield text;
    } catch {
      throw new Unrecoverable(`line ${lines + goodLines(chunk)}: should be text in UTF-8; save the file as CSV UTF-8`);
    }
  }
  try {
    decoder.decode();
  } catch {
    throw new Unrecoverable(`line ${lines}: ends in the middle of a character`);
  }
}

/** Ends of lines before the first byte that can't be text. */
function goodLines(chunk: Buffer): number {
  const lines = chunk.toString("utf8").split("\n");
  return Math.max(
    lines.findIndex((line) => line.includes("\uFFFD") || line.includes("\0")),
    0,
  );
}

function delimiterOf(start: string): string {
  const [line = ""] = start.split("\n", 1);
  const count = (sign: string) => line.split(sign).length;
  return [",", ";", "\t"].toSorted((a, b) => count(b) - count(a))[0] ?? ",";
}

function readHeader(record: readonly string[]): readonly string[] {
  const names = record.map((name) => name.toLowerCase());
  const faults = [
    ...REQUIRED.filter((name) => !names.includes(name)).map((name) => `the column ${name} is missing`),
    ...names.filter((name) => !COLUMNS.includes(name as Column)).map((name) => `${JSON.stringify(name)} is no column`),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`),
  ];
  if (faults.length > 0)
    throw new Unrecoverable(`line 1: ${faults.slice(0, FAULTS).join("; ")}; columns are ${COLUMNS.join(", ")}`);
  return names;
}

/** An item, or what is wrong with it. */
function readItem(header: readonly string[], record: readonly string[]): StockItem | string {
  if (record.length !== header.length) return `should have ${header.length} columns, has ${record.length}`;
  const value = (name: Column) => record[header.indexOf(name)] ?? "";
  const faults: string[] = [];
  const number = (name: Column, pattern: RegExp, what: string) => {
    const text = value(name);
    if (text === "" && !REQUIRED.includes(name)) return 0;
    if (!pattern.test(text)) faults.push(`${name}: should be ${what}, got ${shown(text)}`);
    return Number(text.replace(",", "."));
  };
  const sku = value("sku");
  const name = value("name");
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(sku))
    faults.push(`sku: should be 1 to 64 letters, digits, ".", "_" and "-", got ${shown(sku)}`);
  if (name === "" || name.length > 200) faults.push(`name: should be 1 to 200 characters, got ${shown(name)}`);
  const whole = /^\d{1,9}$/;
  const quantity = number("quantity", whole, "a whole number from 0 to 999999999");
  const reorderLevel = number("reorder_level", whole, "a whole number from 0 to 999999999");
  const price = number("price", /^\d{1,7}([.,]\d{1,2})?$/, "an amount such as 12.50");
  if (faults.length > 0) return faults.join("; ");
  return { sku, name, quantity, reorderLevel, priceCents: Math.round(price * 100) };
}

const shown = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

const isCsvError = (error: unknown): error is CsvError =>
  error instanceof Error && String((error as Partial<CsvError>).code).startsWith("CSV_");

function explain(error: CsvError): string {
  const { code, lines } = error as CsvError & { lines?: number };
  const where = lines === undefined ? "" : `line ${lines}: `;
  if (code === "CSV_MAX_RECORD_SIZE") return `${where}is longer than ${LINE_BYTES} bytes`;
  if (code === "CSV_QUOTE_NOT_CLOSED") return `${where}a quotation mark is opened and never closed`;
  return `${where}${error.message}`;
}
