/** Rows of text as columns, each as wide as its widest cell; the last is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const width = (at: number) => Math.max(...rows.map((row) => row[at]?.length ?? 0));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(width(at))))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
