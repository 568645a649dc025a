import Ajv2020 from "ajv/dist/2020";
import fc from "fast-check";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOT_LONG } from "../../support/requires";
import { openBackend, reservation, sandbox, type TestBackend } from "./support/backend";
import { captureLog } from "./support/capture-log";
import { RedisServer, redis } from "./support/redis-server";
import { junk, mutated, type Schema, valid } from "./support/schemas";

interface Media {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
interface Operation {
  readonly parameters?: ReadonlyArray<{ in: "path" | "query"; name: string; required?: boolean; schema: Schema }>;
  readonly requestBody?: Media;
  readonly responses: Readonly<Record<string, Media>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** Requests for each operation. */
const RUNS = NOT_LONG ? 40 : 3000;
/** Never ends: listened to elsewhere. */
const ENDLESS = "/api/tasks/events/";
const KNOWN = ["fuzz-waits", "fuzz-dead", "fuzz-over", "default", "nightly"];

describe.skipIf(redis.missing)(`requests made from the API's own document${redis.note}`, () => {
  let server: RedisServer;
  let backend: TestBackend;
  let remove: () => void;
  let log: string[];
  let document: Document;
  let ajv: Ajv2020;

  beforeAll(async () => {
    log = captureLog();
    server = await RedisServer.start();
    const box = sandbox({ REDIS_PORT: server.port, QUEUE_PREFIX: "fuzz", RATE_LIMIT: 0 });
    remove = box.remove;
    backend = await openBackend(box.config);
    document = (await backend.get("/api/openapi.json")).body;
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...document, $id: "document" });
  });
  afterAll(async () => {
    await backend?.close();
    await server?.remove();
    remove?.();
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );

  /** Something to find, cancel and retry. */
  async function seed(): Promise<void> {
    const payload = { type: "confirm", payload: { reservation }, at: "2090-01-01T00:00:00Z" };
    for (const id of ["fuzz-waits", "fuzz-over"]) {
      await backend.ask({ method: "POST", url: "/api/tasks/", payload: { ...payload, id } });
    }
    await backend.ask({ method: "POST", url: "/api/tasks/fuzz-over/cancel/" });
    const letter = { id: "fuzz-dead", type: "confirm", queue: "default", payload: "{}", reason: "test" };
    await backend.jobs.store.bury({ ...letter, attempts: 3, failedAt: Date.now() });
    const { at: _, ...nightly } = { ...payload, cron: "0 3 * * *" };
    await backend.ask({ method: "PUT", url: "/api/recurring/nightly/", payload: nightly });
  }

  const stored = async () => {
    const counts = await backend.jobs.store.counts();
    return Object.values(counts).reduce((sum, one) => sum + one, 0);
  };

  /** Sends it and says what is wrong with the answer. */
  async function faultOf(operation: Operation, request: InjectOptions): Promise<string | undefined> {
    const before = request.method === "GET" ? 0 : await stored();
    const { code, body, headers } = await backend.ask(request);
    const documented = operation.responses[code];
    if (!documented) return `${code} isn't documented: ${JSON.stringify(body)}${code === 500 ? log.at(-1) : ""}`;
    if (code >= 500 && code !== 503) return `${code}: ${log.at(-1)}`;
    const [type] = String(headers["content-type"] ?? "").split(";");
    const expected = Object.entries(documented.content ?? {})[0];
    if (code >= 400 && type !== "application/problem+json") return `${code} came as ${type}`;
    if (expected && expected[0] !== type) return `${code} came as ${type}, not as ${expected[0]}`;
    if (expected && type?.endsWith("json") && !isValid(expected[1].schema, body)) {
      return `${code} isn't as its schema says: ${ajv.errorsText()} in ${JSON.stringify(body)}`;
    }
    if (code >= 400 && request.method !== "GET" && (await stored()) !== before)
      return `${code}, and yet a task was stored`;
    return undefined;
  }

  /** References of the document point into it. */
  function isValid(schema: Schema, body: unknown): boolean {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
    return ajv.validate(JSON.parse(text), body);
  }

  it("answers each as the document says, and stores nothing of what it refuses", async () => {
    await seed();
    for (const { path, method, operation } of operations()) {
      if (path === ENDLESS) continue;
      const property = fc.asyncProperty(requestsFor(path, method, operation), async (request) => {
        const fault = await faultOf(operation, request);
        if (fault !== undefined) throw new Error(`${request.method} ${request.url}: ${fault}`);
      });
      await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    }
  }, NOT_LONG ? 60_000 : 1_800_000); // biome-ignore format: beside what it belongs to

  it("documents every route that is there", () => {
    const listed = operations().map(({ path, method }) => `${method} ${path}`);
    expect(listed).toMatchSnapshot();
  });
});

/** Right ones, and ones with something wrong. */
function requestsFor(
  path: string,
  method: string,
  { parameters = [], requestBody }: Operation,
): fc.Arbitrary<InjectOptions> {
  const ids = fc.oneof(
    fc.constantFrom(...KNOWN),
    fc.string({ minLength: 1, maxLength: 100 }),
    fc.constantFrom("..", "__proto__", "\u0000", "%"),
  );
  const query = parameters.filter((parameter) => parameter.in === "query");
  const right = fc.record(Object.fromEntries(query.map(({ name, schema }) => [name, valid(schema)])), {
    requiredKeys: [],
  });
  const queries = fc.oneof({ weight: 2, arbitrary: right }, { weight: 1, arbitrary: mutated(right) });
  const schema = requestBody?.content?.["application/json"]?.schema;
  return fc
    .record({ id: ids, query: queries, body: schema ? bodies(schema) : fc.constant({}) })
    .map(({ id, query, body }) => {
      // A path of dots is resolved before it is sent.
      const filled = path.replace(/\{\w+\}/, encodeURIComponent(/^\.+$/.test(id) ? "dots" : id.toWellFormed()));
      const pairs = Object.entries((query ?? {}) as object).map(([key, value]): [string, string] => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      const search = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : "";
      return { method: method as "GET", url: filled + search, ...body };
    });
}

/** JSON that fits or nearly fits, anything else as JSON, and what isn't JSON at all. */
function bodies(schema: Schema): fc.Arbitrary<Pick<InjectOptions, "payload" | "headers">> {
  const json = (values: fc.Arbitrary<unknown>) =>
    values.map((value) => ({
      payload: JSON.stringify(value) ?? "null",
      headers: { "content-type": "application/json" },
    }));
  const types = fc.constantFrom(
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
  );
  const raw = fc.record({ payload: fc.string(), headers: types.map((type) => ({ "content-type": type })) });
  const huge = fc.constant({
    payload: JSON.stringify({ x: "x".repeat(70_000) }),
    headers: { "content-type": "application/json" },
  });
  return fc.oneof(
    { weight: 6, arbitrary: json(valid(schema)) },
    { weight: 8, arbitrary: json(mutated(valid(schema))) },
    { weight: 2, arbitrary: json(junk) },
    { weight: 2, arbitrary: raw },
    { weight: 1, arbitrary: huge },
  );
}
