import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const FILTER = join(__dirname, "../../../host/app/without-values.awk");

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-filter-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the filter leaves of `text` on a server with this `.env`. */
function filtered(env: string, text: string): string {
  const file = join(folder, ".env");
  writeFileSync(file, env);
  return execFileSync("awk", ["-v", `file=${file}`, "-f", FILTER], { input: text, timeout: 10_000 }).toString();
}

test("each value gives way to its key, as often as it stands there, and so do the lines of a longer one", () => {
  const env = "API_KEY='k-12345678'\nPEM='first line\nsecond line'\n";
  expect(filtered(env, "k-12345678, then k-12345678\nsecond line\n")).toBe("[API_KEY], then [API_KEY]\n[PEM]\n");
});

test("a password is found without the URL that holds it", () => {
  const env = `DATABASE_URL="postgresql://shop:hunter2hunter@db.example.org/shop"\n`;
  expect(filtered(env, "no entry for hunter2hunter\n")).toBe("no entry for [DATABASE_URL]\n");
});

test("what is short or harmless stays", () => {
  expect(filtered("NODE_ENV='production'\nPIN='1234'\n", "production 1234\n")).toBe("production 1234\n");
});

test("a value that is part of its own key comes to an end", () => {
  expect(filtered("JWT_SECRET='SECRET'\nOTHER='[OTHER]'\n", "SECRET SECRET [OTHER]\n")).toBe(
    "[JWT_SECRET] [JWT_SECRET] [OTHER]\n",
  );
});
