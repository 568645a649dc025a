import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { build } from "./support/release";

const folders = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `queuehost-build-${name}-`)));
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

it("builds the same bytes wherever it builds to, and nothing but the artefact", () => {
  const [first, second] = folders.map((folder) => {
    build(folder);
    return contents(folder);
  });
  const board = Object.keys(first ?? {}).filter((name) => name.startsWith("board/"));
  expect(board).toContain("board/dist/index.ejs");
  expect(Object.keys(first ?? {}).filter((name) => !board.includes(name))).toEqual([
    "backend/main.cjs",
    "jobs-command/main.cjs",
    "lib/agendajs-mongo-backend.cjs",
    "lib/agendajs-postgres-backend.cjs",
    "lib/agendajs-redis-backend.cjs",
    "lib/jimp.cjs",
    "lib/nodemailer.cjs",
    "package.json",
    "public/components/feed.mjs",
    "public/components/parts.mjs",
    "public/components/task-list-style.mjs",
    "public/components/task-list.mjs",
    "public/components/task-progress.mjs",
    "public/components/task-row.mjs",
    "public/components/task-rows.mjs",
    "public/components/texts.mjs",
    "public/icon.svg",
    "public/index.html",
    "public/page.js",
    "public/style.css",
    "public/tasks.html",
    "public/tasks/dead-letters.mjs",
    "public/tasks/new-task.mjs",
    "public/tasks/page.mjs",
    "public/tasks/queues.mjs",
    "public/tasks/schema-form.mjs",
    "public/tasks/table.mjs",
    "smoke/main.cjs",
    "worker/main.cjs",
  ]);
  // Not toEqual: a difference of megabytes is of no use to anyone.
  expect(JSON.stringify(first) === JSON.stringify(second)).toBe(true);
  expect(JSON.parse(first?.["package.json"] ?? "")).toEqual({ name: "queuehost-app", version: "0.1.0" });
}, 120_000);
