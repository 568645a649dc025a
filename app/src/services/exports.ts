import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AppDatabase } from "./database";
import type { Folder } from "./folder";
import { stockOf } from "./inventory";

export const FORMATS = ["csv", "json"] as const;
export type Format = (typeof FORMATS)[number];

type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;
export type Pages = AsyncIterable<readonly Row[]>;

const PAGE = 500;

/** A business's stock with prices as amounts. */
export async function* stockRows(db: AppDatabase, businessId: number): Pages {
  for await (const page of stockOf(db, businessId))
    yield page.map(({ sku, name, quantity, reorder_level, price_cents }) => {
      return { sku, name, quantity, reorder_level, price: (price_cents / 100).toFixed(2) };
    });
}

/** What happened in a time, the earliest first. */
export async function* eventRows(db: AppDatabase, since: number, until: number): Pages {
  for (let last = { time: since, id: "" }; ; ) {
    const { time, id } = last;
    const page = await db
      .selectFrom("app_events")
      .selectAll()
      .where("occurred_at", "<", until)
      .where(({ eb, and, or }) =>
        or([eb("occurred_at", ">", time), and([eb("occurred_at", "=", time), eb("id", ">", id)])]),
      )
      .orderBy("occurred_at")
      .orderBy("id")
      .limit(PAGE)
      .execute();
    const end = page.at(-1);
    if (!end) return;
    yield page.map((row) => ({ ...row, occurred_at: new Date(row.occurred_at).toISOString() }));
    last = { time: end.occurred_at, id: end.id };
  }
}

/** The reports or the imports of a time; there are few of them. */
export async function* listRows(db: AppDatabase, of: "reports" | "imports", since: number, until: number): Pages {
  const rows = await db
    .selectFrom(`app_${of}`)
    .selectAll()
    .where("created_at", ">=", since)
    .where("created_at", "<", until)
    .orderBy("created_at")
    .execute();
  yield rows.map((row) => ({ ...row, created_at: new Date(row.created_at).toISOString() }));
}

/**
 * Writes rows into a file: CSV whose cells no spreadsheet takes for formulas, or JSON.
 *
 * @param columns of a CSV; its first line is there also without rows
 * @param onRows is told how many are written
 * @returns how many rows it has
 */
export async function writeExport(
  folder: Folder,
  name: string,
  format: Format,
  columns: readonly string[],
  pages: Pages,
  { signal, onRows }: { signal: AbortSignal; onRows?: (rows: number) => Promise<void> },
): Promise<number> {
  let rows = 0;
  const counted = async function* () {
    for await (const page of pages) {
      signal.throwIfAborted();
      rows += page.length;
      await onRows?.(rows);
      yield* page;
    }
  };
  await folder.write(
    name,
    async (file) => {
      for await (const text of format === "json" ? json(counted()) : csv(columns, counted()))
        await file.appendFile(text);
    },
    signal,
  );
  return rows;
}

async function* csv(columns: readonly string[], rows: AsyncIterable<Row>): AsyncIterable<Buffer> {
  // Loaded by the first export.
  const { stringify } = await import("csv-stringify");
  const table = stringify({ header: true, columns: [...columns], escape_formulas: true, bom: true });
  // What ends it comes out of the table too, where it is read.
  pipeline(Readable.from(rows), table).catch(() => {});
  yield* table;
}

async function* json(rows: AsyncIterable<Row>): AsyncIterable<string> {
  let separator = "[\n";
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(row)}`;
    separator = ",\n";
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}
