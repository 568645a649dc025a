import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { assertNotGone, existence } from "../../../../scripts/environment/existence";
import type { Observed } from "../../../../scripts/healing";
import type { Pulumi } from "../../../../scripts/lib/pulumi";

let api: Server | undefined;
afterEach(() => api?.close());

/** A stack whose API has what stands at these paths, and nothing else. */
async function stackWith(...paths: string[]): Promise<Pulumi> {
  const server = createServer((request, response) => {
    const isThere = paths.includes(request.url ?? "");
    const body = isThere ? {} : { error: { code: "not_found", message: "not found" } };
    response.writeHead(isThere ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  api = server;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const values = { "hcloud:endpoint": endpoint, "hcloud:endpointHetzner": endpoint, "hcloud:token": "t" };
  const stdout = JSON.stringify(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }])));
  return { stack: "staging", run: async () => ({ exitCode: 0, stdout, output: stdout }) } as unknown as Pulumi;
}

const resource = (type: string, id: string, parent = "urn::queuehost:index:QueueHost$queuehost:server:Server::s") => ({
  urn: `urn:pulumi:staging::queuehost::${type}::x`,
  type,
  id,
  parent,
});
const server = resource("hcloud:index/server:Server", "42");
const firewall = resource("hcloud:index/firewall:Firewall", "7");
const box = resource("hcloud:index/storageBox:StorageBox", "5");
const address = resource("hcloud:index/primaryIp:PrimaryIp", "6");
const observed = (resources: object[], inCloud: Partial<Observed["inCloud"][number]>[] = []): Observed =>
  ({ state: { resources, pending: [] }, inCloud }) as unknown as Observed;
const seen = { kind: "firewalls", id: "7", name: "queuehost-staging" } as const;

test("a server is there where it has the stack's labels, and where it lost them", async () => {
  const labelled = { kind: "servers", id: "42", name: "queuehost-staging" } as const;
  expect(await existence(await stackWith(), observed([server], [labelled]))).toMatchObject({ server: "there" });
  expect(await existence(await stackWith("/servers/42"), observed([server]))).toMatchObject({ server: "there" });
  expect(await existence(await stackWith(), observed([firewall]))).toEqual({ server: "absent" });
});

test.each([
  ["its firewall", [server, firewall], [], [seen]],
  ["its Storage Box", [server, box], ["/storage_boxes/5"], []],
  ["its address", [server, address], ["/primary_ips/6"], []],
])("it is gone where %s is still there", async (_, resources, paths, inCloud) => {
  const stack = await stackWith(...paths);
  expect(await existence(stack, observed(resources, inCloud))).toMatchObject({ server: "gone", id: "42" });
  await expect(assertNotGone(stack, observed(resources, inCloud))).rejects.toThrow(
    /^The server x \(42\) of stack staging no longer exists at Hetzner\. Nothing was changed\. .* recreate --stack staging --restore latest$/,
  );
});

test("where nothing of the stack is there, the token is another project's", async () => {
  const stranger = { ...seen, id: "8" };
  await expect(existence(await stackWith(), observed([server, firewall, box, address], [stranger]))).rejects.toThrow(
    /^hcloud:token: nothing that stack staging knows is in its project, .*Nothing was changed\./,
  );
});
