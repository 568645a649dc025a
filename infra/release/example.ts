import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "dotenv";

/** How teams call the file that names what their `.env` should hold. */
export const EXAMPLES = [".env.example", ".env.sample", ".env.template"];

/** Keys that an application names in its .env.example (or .env.sample, or .env.template); none where it has no such file. */
export function exampleKeys(appPath: string): string[] {
  const file = EXAMPLES.map((name) => join(appPath, name)).find(existsSync);
  return file === undefined ? [] : Object.keys(parse(readFileSync(file)));
}
