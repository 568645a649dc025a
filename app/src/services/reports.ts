import type { Transaction } from "queuehost/jobs";
import { type AppDatabase, tables } from "./database";
import { eventRows } from "./exports";
import type { Services } from "./index";
import { stockOf } from "./inventory";
import { escapeHtml } from "./templates";

export const REPORT_TYPES = ["inventory-summary", "sales-analysis"] as const;
export type ReportType = (typeof REPORT_TYPES)[number];
export const REPORT_FORMATS = ["html", "csv"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** The event that a sale leaves, with `businessId` and `amountCents` among its properties. */
export const SALE = "sale";
/** Lines that a summary lists; the totals are over all. */
const LISTED = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface ReportWish {
  readonly businessId: number;
  readonly reportType: ReportType;
  readonly format: ReportFormat;
  /** Days as in 2026-12-31, both included. */
  readonly startDate?: string | undefined;
  readonly endDate?: string | undefined;
}

interface Report {
  readonly title: string;
  readonly totals: Readonly<Record<string, string | number>>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Makes a report and writes its file. Doing it again replaces the file. @returns the file's name */
export async function writeReport(services: Services, id: string, wish: ReportWish, signal: AbortSignal) {
  const report =
    wish.reportType === "inventory-summary"
      ? await inventorySummary(services.db, wish.businessId, signal)
      : await salesAnalysis(services.db, wish, signal);
  const file = `report-${id}.${wish.format}`;
  const text = wish.format === "html" ? toHtml(report) : await toCsv(report);
  await services.exports.write(file, (handle) => handle.writeFile(text), signal);
  return { file, rows: report.rows.length };
}

/** Notes that a report is there. */
export async function noteReport(transaction: Transaction, id: string, wish: ReportWish, file: string): Promise<void> {
  await tables(transaction)
    .insertInto("app_reports")
    .values({ id, business_id: wish.businessId, type: wish.reportType, file, created_at: Date.now() })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

async function inventorySummary(db: AppDatabase, businessId: number, signal: AbortSignal): Promise<Report> {
  const rows: (string | number)[][] = [];
  let items = 0;
  let low = 0;
  let cents = 0;
  for await (const page of stockOf(db, businessId)) {
    signal.throwIfAborted();
    for (const { sku, name, quantity, reorder_level, price_cents } of page) {
      items += 1;
      cents += quantity * price_cents;
      if (quantity < reorder_level) low += 1;
      if (rows.length < LISTED) rows.push([sku, name, quantity, reorder_level, amount(quantity * price_cents)]);
    }
  }
  return {
    title: `Inventory of business ${businessId}`,
    totals: { Items: items, "Below their reorder level": low, Value: amount(cents) },
    columns: ["SKU", "Name", "Quantity", "Reorder level", "Value"],
    rows,
  };
}

async function salesAnalysis(db: AppDatabase, wish: ReportWish, signal: AbortSignal): Promise<Report> {
  const { businessId, startDate, endDate } = wish;
  const since = startDate === undefined ? 0 : Date.parse(startDate);
  const until = endDate === undefined ? Date.now() : Date.parse(endDate) + DAY_MS;
  const days = new Map<string, { count: number; cents: number }>();
  for await (const page of eventRows(db, since, until)) {
    signal.throwIfAborted();
    for (const { name, properties, occurred_at } of page) {
      const sale = name === SALE ? (JSON.parse(String(properties)) as Record<string, unknown>) : {};
      if (sale.businessId !== businessId || typeof sale.amountCents !== "number") continue;
      const day = String(occurred_at).slice(0, 10);
      const { count, cents } = days.get(day) ?? { count: 0, cents: 0 };
      days.set(day, { count: count + 1, cents: cents + sale.amountCents });
    }
  }
  const all = [...days.values()];
  return {
    title: `Sales of business ${businessId}`,
    totals: {
      Sales: all.reduce((sum, { count }) => sum + count, 0),
      Revenue: amount(all.reduce((sum, { cents }) => sum + cents, 0)),
    },
    columns: ["Day", "Sales", "Revenue"],
    rows: [...days].map(([day, { count, cents }]) => [day, count, amount(cents)]),
  };
}

const amount = (cents: number) => (cents / 100).toFixed(2);

async function toCsv({ columns, rows }: Report): Promise<string> {
  const { stringify } = await import("csv-stringify/sync");
  return stringify(
    [columns, ...rows].map((row) => [...row]),
    { escape_formulas: true, bom: true },
  );
}

function toHtml({ title, totals, columns, rows }: Report): string {
  const cells = (tag: string, row: readonly (string | number)[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join("")}</tr>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body>
<h1>${escapeHtml(title)}</h1>
<dl>
${Object.entries(totals)
  .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd>`)
  .join("\n")}
</dl>
<table>
${cells("th", columns)}
${rows.map((row) => cells("td", row)).join("\n")}
</table>
</body>
</html>
`;
}
