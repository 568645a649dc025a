import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { paidFor } from "../../../../scripts/healing/paid";
import type { Pulumi } from "../../../../scripts/lib/pulumi";

const apis: Server[] = [];
afterEach(() => {
  for (const api of apis.splice(0)) api.close();
});

const own = { "managed-by": "queuehost", stack: "staging", project: "queuehost" };

/** An API that has these of one kind and nothing else. */
async function apiOf(kind: string, found: readonly object[]): Promise<string> {
  const api = createServer((request, response) => {
    const asked = new URL(request.url ?? "", "http://api").pathname.slice(1);
    const status = asked === kind ? 200 : 404;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ [asked]: found }));
  });
  apis.push(api);
  await new Promise<void>((listening) => api.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
}

test("addresses and Storage Boxes of a stack are found, each behind its own address; another project's aren't", async () => {
  const other = { ...own, project: "blog" };
  const config = {
    "hcloud:endpoint": await apiOf("primary_ips", [
      { id: 1, name: "web-ipv4", labels: own },
      { id: 2, name: "blog-ipv4", labels: other },
    ]),
    "hcloud:endpointHetzner": await apiOf("storage_boxes", [{ id: 3, name: "web", labels: own }]),
    "hcloud:token": "t",
  };
  const stdout = JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }])));
  const run = async () => ({ exitCode: 0, stdout, output: stdout });
  expect(await paidFor({ stack: "staging", run } as unknown as Pulumi)).toEqual([
    { noun: "address", id: "1", name: "web-ipv4" },
    { noun: "Storage Box", id: "3", name: "web" },
  ]);
});
