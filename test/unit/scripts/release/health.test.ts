import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { healthOf } from "../../../../scripts/release/health";

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { host: "127.0.0.1", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, healthPath: "/up" };
}

test("200 to 399 is healthy, at the path that was configured", async () => {
  const subject = await serving(({ url }, response) => response.writeHead(url === "/up" ? 302 : 404).end());
  expect(await healthOf(subject)).toMatchObject({ ok: true, seen: expect.stringMatching(/^healthy \(302, \d+ ms\)$/) });
  expect(await healthOf({ ...subject, healthPath: "/" })).toMatchObject({ ok: false });
});

test("an answer that never comes, and nobody who listens, are told apart", async () => {
  const silent = await serving(() => {});
  expect(await healthOf(silent)).toEqual({ ok: false, seen: "no answer within 4 s" });
  const refused = { ...silent, url: "http://127.0.0.1:1" };
  expect(await healthOf(refused)).toMatchObject({ ok: false, seen: expect.stringContaining("ECONNREFUSED") });
});

test("without a backend there is nothing to ask", async () => {
  expect(await healthOf({ host: "127.0.0.1", url: "http://127.0.0.1:1" })).toBeUndefined();
});
