import { expect, test } from "vitest";
import { conclude, concluded } from "./project";

const APP = { scripts: { start: "node index.js" } };

test.each([
  ["a route", { "index.js": "app.get('/healthz', ok)" }, "/healthz"],
  [
    "the one that is closest to the root",
    { "index.js": "app.get('/api/v1/health', ok); app.get('/health', ok)" },
    "/health",
  ],
  ["health rather than ping", { "index.js": "app.get('/ping', ok); app.get(\"/health\", ok)" }, "/health"],
  ["Fastify's way to write it", { "index.js": "app.route({ method: 'GET', url: '/health' })" }, "/health"],
  [
    "a router, where it is mounted",
    {
      "index.js": "const api = require('./routes/api');\napp.use('/api', limit(), api)",
      "routes/api.js": "const router = express.Router(); router.get('/health', ok)",
    },
    "/api/health",
  ],
  [
    "a router that is required where it is mounted",
    {
      "index.js": "app.use('/other', require('./other'));\napp.use('/v1/', require('./routes/api.routes.js'))",
      "routes/api.routes.js": "const router = express.Router(); router.get('/health', ok)",
    },
    "/v1/health",
  ],
  [
    "Nest's controllers, with their prefix",
    { "index.js": "app.setGlobalPrefix('api')", "health.controller.ts": "@Controller('health') class Health {}" },
    "/api/health",
  ],
  ["the page itself, where there is none", { "index.js": "app.get('/healthy-food', ok)" }, "/"],
  ["nothing of the tests", { "index.js": "", "test/health.test.js": "app.get('/health', ok)" }, "/"],
])("app.health is %s", async (_, files, path) => {
  expect((await concluded({ "package.json": APP, ...files }))["app.health"]).toBe(path);
});

test.each([
  ["app.listen(4100)", "4100"],
  ["const PORT = 8080; app.listen(PORT)", "8080"],
  ["app.listen(process.env.PORT || 4100)", undefined],
  ["const { PORT = 4100 } = process.env; app.listen(PORT)", undefined],
])("app.port of %s", async (text, port) => {
  expect((await concluded({ "package.json": APP, "index.js": text }))["app.port"]).toBe(port);
});

test.each([
  [{ engines: { node: ">=20" } }, {}, "24"],
  [{ engines: { node: "^22.5.0" } }, {}, "22"],
  [{}, { ".nvmrc": "v22.3.0\n" }, "22"],
  [{}, { ".nvmrc": "lts/jod" }, undefined],
])("app.node of %o %o", async (manifest, files, major) => {
  expect((await concluded({ "package.json": { ...APP, ...manifest }, ...files }))["app.node"]).toBe(major);
});

test("a Node that no server has is named", async () => {
  const { found, open } = await conclude({ "package.json": { ...APP, engines: { node: "18.x" } } });
  expect(found.map(({ key }) => key)).not.toContain("app.node");
  expect(open).toContainEqual(
    expect.stringContaining("engines.node of package.json is 18.x, and a server has Node 24 or 22"),
  );
});

test("folders that outlive a release", async () => {
  const seen = await concluded({
    "package.json": APP,
    ".gitignore": "node_modules\n/uploads/*\nexports/\nstorage\ntmp/\n",
    "index.js": "multer({ dest: './storage/avatars/' }); join(root, 'uploads'); join(root, 'tmp')",
  });
  expect(seen["app.folders"]).toBe("uploads, storage");
});

test("what its queues' keys begin with", async () => {
  const prefix = async (text: string) =>
    (await conclude({ "package.json": APP, "index.js": text })).found.find(({ key }) => key === "queue.prefix")?.value;
  expect(await prefix("new Queue('a', { connection }) // bullmq")).toBe("bull");
  expect(await prefix("require('bullmq'); new Queue('a', { prefix: 'intranet' })")).toBe("intranet");
  expect(await prefix("require('bullmq'); ({ prefix: process.env.BULL_PREFIX ?? 'jobs' })")).toBe("jobs");
  expect(await prefix("winston({ prefix: 'log' })")).toBe("bull");
});

test("stores that the server can't be", async () => {
  const { open } = await conclude({
    "package.json": { ...APP, dependencies: { mysql2: "3.0.0", bullmq: "5.0.0" } },
    "index.js": "new Queue('a', { connection: { host: 'localhost' } })",
  });
  expect(open).toContainEqual(expect.stringMatching(/^It uses mysql2/));
  expect(open).toContainEqual(expect.stringMatching(/^It reads no variable of Redis/));
});
