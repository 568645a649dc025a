import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Mends a backend of files that an operation was killed in the middle of writing. Beside each file, which is replaced in one
 * step, pulumi keeps one of attributes, which isn't; where that is cut off, it refuses to read the state: "EOF". Nothing is lost
 * with it.
 *
 * @param url of the backend, as `pulumi whoami` says it
 * @returns the files that were removed
 */
export function removeCutOffAttributes(url: string, stack: string): string[] {
  if (!url.startsWith("file:")) return [];
  const root = join(pathOf(url), ".pulumi");
  const name = stack.split("/").at(-1) ?? stack;
  const files = ["stacks", "locks"].flatMap((folder) => {
    const inside = join(root, folder);
    if (!existsSync(inside)) return [];
    return readdirSync(inside, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".attrs") && path.split("/").some((part) => part.split(".")[0] === name))
      .map((path) => join(inside, path));
  });
  const cutOff = files.filter((file) => !isWhole(file));
  for (const file of cutOff) rmSync(file, { force: true });
  return cutOff;
}

/** `file:///folder?options`, or the form that pulumi takes besides: `file://~`, `file://relative`. */
function pathOf(url: string): string {
  const plain = url.replace(/\?.*$/, "");
  if (plain.startsWith("file:///")) return fileURLToPath(plain);
  return plain.slice("file://".length).replace(/^~/, process.env.HOME ?? "~");
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
