import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { afterAll, expect, it } from "vitest";
import { pageRoutes } from "../../../app/src/http/page";

const folder = mkdtempSync(join(tmpdir(), "queuehost-pages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["shows a page as it is now to who develops it", false, "after"],
  ["keeps the pages of a release as they were", true, "before"],
])("%s", async (_name, keep, expected) => {
  writeFileSync(join(folder, "tasks.html"), "before");
  const app = fastify();
  await pageRoutes(app, folder, keep);
  expect((await app.inject("/tasks")).body).toBe("before");
  writeFileSync(join(folder, "tasks.html"), "after");
  expect((await app.inject("/tasks")).body).toBe(expected);
  await app.close();
});
