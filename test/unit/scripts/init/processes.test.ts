import { expect, test } from "vitest";
import { conclude, concluded } from "./project";

const LISTENS = "require('express')().listen(process.env.PORT)";
const WORKS = "const { Worker } = require('bullmq'); new Worker('mail', async () => {})";

test.each([
  ["start", { start: "node server.js" }, "npm start"],
  [
    "a script for production before start",
    { start: "nest start", "start:prod": "node dist/main" },
    "npm run start:prod",
  ],
  ["what a build is followed by", { start: "npm run build && node dist/main.js" }, "node dist/main.js"],
  ["the script that start calls", { start: "npm run serve", serve: "node serve.js" }, "npm run serve"],
  [
    "the command itself, where something is hooked before it",
    { prestart: "rm -rf dist", start: "node server.js" },
    "node server.js",
  ],
  ["no watcher", { start: "nodemon server.js" }, undefined],
  ["no collection of processes", { start: "concurrently npm:a npm:b" }, undefined],
])("the backend is %s", async (_, scripts, command) => {
  expect((await concluded({ "package.json": { scripts }, "server.js": LISTENS }))["app.backend"]).toBe(command);
});

test("the backend is main, where no script starts one and main listens", async () => {
  expect((await concluded({ "package.json": { main: "./index.js" }, "index.js": LISTENS }))["app.backend"]).toBe(
    "node ./index.js",
  );
  expect(
    (await concluded({ "package.json": { main: "index.js" }, "index.js": "module.exports = 1" }))["app.backend"],
  ).toBeUndefined();
});

test.each([
  ["worker", "app.worker"],
  ["workers", "app.worker"],
  ["start:worker", "app.worker"],
  ["queue:work", "app.worker"],
  ["worker:mail", "app.worker.mail"],
  ["worker:mail:prod", "app.worker.mail"],
  ["mail:worker", "app.worker.mail"],
  ["start-worker", "app.worker"],
  ["queue:images", "app.worker.images"],
  ["start:worker:Big_Files", "app.worker.big-files"],
])("script %s is %s", async (script, key) => {
  const files = { "package.json": { scripts: { [script]: "node work.js" } }, "work.js": WORKS };
  expect(await concluded(files)).toEqual({ [key]: `npm run ${script}` });
});

test.each([
  "worker:dev",
  "dev:worker",
  "worker:watch",
  "worker:test",
  "queue:clean",
  "queue:ui",
  "test:worker",
  "build:worker",
])("script %s is no worker of a server", async (script) => {
  const scripts = { start: "node server.js", [script]: "node other.js" };
  expect(Object.keys(await concluded({ "package.json": { scripts } }))).toEqual(["app.backend", "app.health"]);
});

test("a Procfile says it all", async () => {
  const seen = await concluded({
    "package.json": { scripts: { start: "node other.js", "worker:x": "node x.js", mail: "node mail.js" } },
    Procfile: "web: node server.js\nworker: node worker.js\nmail-worker: npm run mail\nrelease: node migrate.js\n",
  });
  expect(seen).toEqual({
    "app.backend": "node server.js",
    "app.health": "/",
    "app.worker": "node worker.js",
    "app.worker.mail": "npm run mail",
  });
});

test("a worker that no script starts is found by what it does", async () => {
  const seen = await concluded({
    "package.json": { scripts: { start: "node dist/index.js", build: "tsc" } },
    "tsconfig.json": '{ "compilerOptions": { "rootDir": "./src", "outDir": "./dist" } }',
    "src/index.ts": "import './api';",
    "src/api.ts": "app.listen(process.env.PORT)",
    "src/worker.ts": "import { mail } from './queues/mail.js'; mail();",
    "src/queues/mail.ts": "import { Worker } from 'bullmq'; export const mail = () => new Worker<Job>('mail', run);",
  });
  expect(seen).toEqual({ "app.backend": "npm start", "app.worker": "node dist/worker.js", "app.health": "/" });
});

test("each of several such workers is a group", async () => {
  const seen = await concluded({
    "package.json": { scripts: { start: "node index.js" } },
    "index.js": LISTENS,
    "workers/mail.js": WORKS,
    "workers/image-worker.js": WORKS,
  });
  expect(seen).toMatchObject({
    "app.worker.mail": "node workers/mail.js",
    "app.worker.image": "node workers/image-worker.js",
  });
});

test("a backend that does the work itself has no workers beside it", async () => {
  const files = {
    "package.json": { scripts: { start: "node index.js" } },
    "index.js": `require('./jobs'); ${LISTENS}`,
    "jobs.js": WORKS,
  };
  const { found, open } = await conclude(files);
  expect(found.filter(({ key }) => key.startsWith("app.worker"))).toEqual([]);
  expect(open.join()).not.toContain("No worker");
});

test("says what nothing starts, and what only development has", async () => {
  expect((await conclude({ "package.json": {} })).open).toEqual([
    expect.stringMatching(/starts a backend or a worker: set app.backend/),
  ]);
  const { open } = await conclude({
    "package.json": { scripts: { start: "tsx src/index.ts" }, devDependencies: { tsx: "4.0.0" } },
  });
  expect(open).toContainEqual(expect.stringMatching(/^tsx starts it and is a devDependency/));
});

test.each([
  ["db:migrate", "knex migrate:latest", "npm run db:migrate"],
  ["migrate", "prisma migrate dev", undefined],
])("script %s: %s", async (name, text, command) => {
  const seen = await concluded({ "package.json": { scripts: { start: "node a.js", [name]: text } } });
  expect(seen["app.migrate"]).toBe(command);
});
