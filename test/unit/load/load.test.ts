import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Load, type Traffic } from "../../support/load/load";
import { waitFor } from "../../support/wait-for";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const numbered: Traffic = { next: (index) => ({ method: "GET", path: `/${index}` }) };
const numberOf = ({ url = "" }: IncomingMessage) => Number(url.slice(1));

it("counts every answer that isn't 2xx, every reset and every connection that is refused", async () => {
  const url = await serve((request, response) => {
    const number = numberOf(request);
    if (number === 3) response.writeHead(503).end();
    else if (number === 5) request.socket.destroy();
    else if (number === 7)
      response.writeHead(200, { "content-length": "10" }).write("half", () => request.socket.destroy());
    else response.end();
  });
  const load = new Load(url, 200, numbered);
  await waitFor("some requests", () => load.count > 20);
  server.closeAllConnections();
  server.close();
  const from = load.count;
  await waitFor("some that nobody takes", () => load.count > from + 5);
  const { failures } = await load.stop();
  const what = (path: string) => failures.find(({ request }) => request === `GET ${path}`)?.what;
  expect([what("/3"), what("/5"), what("/7")]).toEqual(["503", "ECONNRESET", "ECONNRESET"]);
  expect(failures.filter(({ what }) => what === "ECONNREFUSED").length).toBeGreaterThan(3);
});

it("keeps its rate while answers are late, and counts the waiting", async () => {
  const late: ServerResponse[] = [];
  let held = false;
  const url = await serve((_request, response) => void (held ? late.push(response) : response.end()));
  const load = new Load(url, 100, numbered);
  await waitFor("some answers", () => load.count > 20);
  held = true;
  await waitFor("requests in spite of that", () => late.length >= 30);
  held = false;
  for (const response of late) response.end();
  const { failures, longestGap, p50, p99 } = await load.stop();
  expect(failures).toEqual([]);
  expect(longestGap).toBeGreaterThan(200);
  expect(p99).toBeGreaterThan(200);
  expect(p50).toBeLessThan(p99);
});

it("goes over connections that are kept, and hands on what was answered", async () => {
  const ports = new Set<number | undefined>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on("end", () => response.writeHead(201).end(String(numberOf(request))));
  });
  const seen: string[] = [];
  const load = new Load(url, 100, {
    next: (index) => ({ method: "POST", path: `/${index}`, body: "x" }),
    answered: ({ path }, body) => seen.push(`${path} ${body}`),
  });
  await waitFor("some answers", () => seen.length >= 20);
  const { sent } = await load.stop();
  expect(seen).toHaveLength(sent);
  expect(seen).toContain("/7 7");
  expect(ports.size).toBeLessThan(10);
});
