import { expect, test } from "vitest";
import { conclude } from "./project";

const PASSWORD = "correct-horse-battery";
const example = (text: string, dependencies: Record<string, string> = {}) =>
  conclude({ "package.json": { scripts: { start: "node index.js" }, dependencies }, ".env.example": text });

test.each([
  ["APP_NAME=Intranet", "Intranet"],
  ["LOG_LEVEL=info # or debug", "info"],
  ["QUEUE_REDIS_HOST=localhost", "127.0.0.1"],
  ["BULL_REDIS_PORT=6380", "6379"],
  ["REDIS_PASS=", PASSWORD],
  ["BULL_REDIS_URL=redis://localhost", `redis://:${PASSWORD}@127.0.0.1:6379/0`],
])("%s is %s", async (line, value) => {
  const { found, unset } = await example(line);
  const name = line.split("=")[0];
  expect(found.find(({ key }) => key === `env.${name}`)?.value).toBe(value);
  expect(unset).toEqual([]);
});

test.each([
  "SESSION_SECRET=",
  "JWT_SECRET=change-me",
  "APP_KEY=",
  "ENCRYPTION_KEY=your-key-here",
  "COOKIE_SECRET=xxx",
  "JWT_REFRESH_SECRET=",
])("%s is generated", async (line) => {
  const { found } = await example(line);
  expect(found).toContainEqual({
    key: `env.${line.split("=")[0]}`,
    value: expect.stringMatching(/^[0-9a-f]{64}$/),
    why: expect.any(String),
    secret: true,
  });
});

test.each([
  "STRIPE_SECRET_KEY=",
  "OAUTH_CLIENT_SECRET=",
  "WEBHOOK_SECRET=",
  "AWS_SECRET_ACCESS_KEY=abc",
  "API_KEY=123",
  "SMTP_PASSWORD=hunter2",
  "APP_URL=http://localhost:3000",
  "MAIL_FROM=me@example.com",
  "EMPTY=",
  "JWT_SECRET=kept-as-somebody-wrote-it",
])("%s is somebody's to say", async (line) => {
  const { found, unset } = await example(line);
  expect(unset).toEqual([line.split("=")[0]]);
  expect(found.filter(({ key }) => key.startsWith("env."))).toEqual([]);
});

test("what queuehost sets itself isn't asked for", async () => {
  const { found, unset } = await example(
    "NODE_ENV=development\nPORT=4000\nREDIS_HOST=x\nREDIS_URL=redis://x\nQUEUE_CONCURRENCY=3",
  );
  expect(found.filter(({ key }) => key.startsWith("env."))).toEqual([]);
  expect(unset).toEqual([]);
});

test("PostgreSQL under any name, where the application has a client for it", async () => {
  const lines = "DATABASE_URL=postgres://localhost/x\nPGHOST=localhost\nDB_USER=me\nDB_NAME=x\nDB_PASSWORD=y";
  const { found, unset } = await example(lines, { pg: "8.0.0" });
  const seen = Object.fromEntries(found.map(({ key, value }) => [key, value]));
  expect(seen).toMatchObject({
    "postgres.enabled": "true",
    "env.PGHOST": "/run/postgresql",
    "env.DB_USER": "app",
    "env.DB_PASSWORD": "",
  });
  expect(seen).not.toHaveProperty(["env.DATABASE_URL"]);
  expect(unset).toEqual([]);
  expect((await example(lines)).unset.toSorted()).toEqual([
    "DATABASE_URL",
    "DB_NAME",
    "DB_PASSWORD",
    "DB_USER",
    "PGHOST",
  ]);
});
