import { UserError } from "./errors";

/** Takes one `--set KEY=VALUE` of several, for commander. A key has no namespace afterwards. */
export function pair(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new UserError(`--set: should be KEY=VALUE, got ${text}`);
  return { ...before, [text.slice(0, at).replace(/^queuehost:/, "")]: text.slice(at + 1) };
}
