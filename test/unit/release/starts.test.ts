import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outputEntries } from "../../../infra/release/contents";
import { assertStarts, type Built } from "../../../infra/release/starts";
import { Project } from "./support/project";

const project = new Project();
let built: Built;

beforeAll(() => {
  for (const path of ["dist/server.js", "dist/tool/index.js", "bin/run", "package.json", "node_modules/ok/cli.js"])
    project.write(path, "{}");
  project.link("node_modules/.bin/ok", "../ok/cli.js");
  const entries = outputEntries(project.root);
  const installed = join(project.root, "../installed");
  mkdirSync(installed);
  for (const program of ["ok", "tsx"]) writeFileSync(join(installed, program), "");
  built = { root: project.root, folder: "", entries, installed: [installed] };
});
afterAll(() => project.remove());

test.each([
  "node dist/server.js",
  "node --max-old-space-size=200 -r ./dist/tool dist/server",
  "NODE_ENV=production exec node dist/tool --verbose",
  "node .",
  "node -e 'console.log(1)'",
  'node "$ENTRY"',
  "./bin/run now",
  "ok && node dist/server.js",
  "redis-cli ping",
  "ok && cd bin && node anything.js",
  "(cd bin; ./walk)",
])("%s starts", (command) => {
  expect(() => assertStarts("app.backend", command, built)).not.toThrow();
});

describe("is refused:", () => {
  test.each([
    ["node dist/main.js", "dist/main.js"],
    ["node --import tsx src/server.ts", "src/server.ts"],
    ["ok && node 'dist/main.js'", "dist/main.js"],
    ["./bin/walk", "./bin/walk"],
    ["node ../elsewhere.js", "../elsewhere.js"],
  ])("%s", (command, file) => {
    expect(() => assertStarts("app.worker.mail", command, built)).toThrow(
      `app.worker.mail: should run a file of the release; ${file} isn't there after the build (it holds: bin, dist, node_modules, package.json)`,
    );
  });

  test("a program of a package that the build alone needs", () => {
    expect(() => assertStarts("app.backend", "tsx src/server.ts", built)).toThrow(
      'app.backend: runs tsx, which doesn\'t travel: it belongs to a package of the build alone; list that under "dependencies", or run what the build makes of it',
    );
  });
});

test("in a subfolder files are looked for there, and listed from there", () => {
  const inner = { ...built, folder: "dist" };
  expect(() => assertStarts("app.backend", "node server.js", inner)).not.toThrow();
  expect(() => assertStarts("app.backend", "node x.js", inner)).toThrow("(it holds: server.js, tool)");
});
