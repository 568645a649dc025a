/** Writes one line to stdout, where systemd or PM2 puts a time in front of it. */
export function log(line: string): void {
  process.stdout.write(`${line.replaceAll(/\s*\n\s*/g, " ")}\n`);
}

/** The message of anything that was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
