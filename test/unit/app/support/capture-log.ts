import { vi } from "vitest";

/** Keeps the application's log lines off the test report, and at hand. */
export function captureLog(): string[] {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  vi.spyOn(process.stdout, "write").mockImplementation((chunk, ...rest) => {
    if (typeof chunk === "string" && /^\[[A-Za-z -]+\] /.test(chunk)) {
      lines.push(chunk.trimEnd());
      return true;
    }
    return write(chunk as string, ...(rest as []));
  });
  return lines;
}
