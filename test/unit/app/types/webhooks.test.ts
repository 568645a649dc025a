import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPrivate, Outbound } from "../../../../app/src/services/outbound";
import { dispatch, isSigned, sign } from "../../../../app/src/services/webhooks";

const SECRET = "a secret of sixteen";
const received: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const path = request.url ?? "";
    received.push({ path, headers: request.headers, body });
    const status = Number(/^\/(\d{3})$/.exec(path)?.[1] ?? 200);
    response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {});
    response.end(path === "/long" ? "x".repeat(6 * 1024 * 1024) : "ok");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const open = new Outbound({ allowPrivate: true });
const guarded = new Outbound({ allowPrivate: false });
const send = (path: string, outbound = open) =>
  dispatch(outbound, SECRET, { event: "order.created", endpoint: base + path, payload: { order: 7 } }, "job-1");

test("the receiver can tell that it comes from us, as it was sent, and just now", async () => {
  await send("/hook");
  const { headers, body } = received.at(-1) as (typeof received)[number];
  const signature = String(headers["webhook-signature"]);
  expect(JSON.parse(body)).toEqual({ id: "job-1", event: "order.created", data: { order: 7 } });
  expect(headers["idempotency-key"]).toBe("job-1");
  expect(isSigned(SECRET, body, signature)).toBe(true);
  expect(isSigned(SECRET, `${body} `, signature)).toBe(false);
  expect(isSigned("another secret, as long", body, signature)).toBe(false);
  expect(isSigned(SECRET, body, signature, new Date(Date.now() + 600_000))).toBe(false);
  expect(isSigned(SECRET, body, signature.replace(/t=\d+/, "t=1"), new Date(1000))).toBe(false);
  expect(isSigned(SECRET, body, "nonsense")).toBe(false);
});

test("the signature is HMAC-SHA256 over time and body", () => {
  expect(sign("key", "body", new Date(1_700_000_000_000))).toBe(
    "t=1700000000,v1=47b6ce0fca59474308e2921c247cb2493dce6b8101d90ac05bd0c6a37d0e046e",
  );
});

test("what a receiver will never take fails for good; what may pass is tried again; redirects aren't followed", async () => {
  for (const path of ["/400", "/404", "/410", "/302"])
    await expect(send(path)).rejects.toMatchObject({ name: "Unrecoverable" });
  for (const path of ["/500", "/503", "/429", "/408"])
    await expect(send(path)).rejects.toMatchObject({ name: "Error", message: expect.stringContaining(path.slice(1)) });
  expect(received.map(({ path }) => path)).not.toContain("/elsewhere");
  await expect(send("/long")).rejects.toThrow("longer than");
});

test("without WEBHOOK_SECRET nothing is sent", async () => {
  const count = received.length;
  const unsigned = dispatch(open, undefined, { event: "e", endpoint: base, payload: {} }, "k");
  await expect(unsigned).rejects.toThrow("WEBHOOK_SECRET");
  expect(received).toHaveLength(count);
});

test("addresses of this machine and of private networks aren't asked, however they are written", async () => {
  const count = received.length;
  const port = new URL(base).port;
  const hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]"];
  for (const host of [...hosts, "[::ffff:7f00:1]", "169.254.169.254", "10.0.0.1", "[fd00::1]", "[64:ff9b::a9fe:a9fe]"])
    await expect(guarded.request(`http://${host}:${port}/`, { method: "GET" }), host).rejects.toMatchObject({
      name: "Unrecoverable",
    });
  for (const address of ["file:///etc/passwd", "ftp://example.org/", "http://user:word@example.org/"])
    await expect(open.request(address, { method: "GET" }), address).rejects.toMatchObject({ name: "Unrecoverable" });
  expect(received).toHaveLength(count);
  for (const address of ["93.184.216.34", "2606:2800:220:1::1", "172.32.0.1", "100.63.255.255"])
    expect(isPrivate(address), address).toBe(false);
});

test("the wish to end and the limit of time end a request that waits", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const controller = new AbortController();
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const asked = open.request(url, { method: "GET", signal: controller.signal });
  controller.abort();
  await expect(asked).rejects.toThrow(/abort/i);
  const hurried = new Outbound({ allowPrivate: true, limitMs: 50 });
  await expect(hurried.request(url, { method: "GET" })).rejects.toThrow("no answer within 0.05 s");
  silent.close();
});
