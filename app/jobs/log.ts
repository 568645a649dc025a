/** Takes a line for whoever operates the process. */
export type Log = (line: string) => void;

/** Writes one line to stdout, where systemd or PM2 puts a time in front of it. */
export function log(line: string): void {
  process.stdout.write(`${line.replaceAll(/\s*\n\s*/g, " ")}\n`);
}

/** The message of anything that was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** Namespaces that DEBUG asks for: `queuehost:*` and, as users of Bull know it, `bull:*`; patterns with commas between them. */
function wanted(namespace: string): boolean {
  const names = [`queuehost:${namespace}`, `bull:${namespace}`];
  return (process.env.DEBUG ?? "").split(/[\s,]+/).some((pattern) => {
    const [start = "", ...rest] = pattern.split("*");
    return names.some((name) => (rest.length === 0 ? name === pattern : name.startsWith(start)));
  });
}

/** Details for DEBUG=queuehost:* (or bull:*), on stderr; nothing is computed where nobody asked. */
export function debug(namespace: string): (detail: () => string) => void {
  if (!wanted(namespace)) return () => {};
  return (detail) => {
    process.stderr.write(`queuehost:${namespace} ${detail()}\n`);
  };
}
