import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { labelled } from "../../../../scripts/healing/cloud";
import type { Pulumi } from "../../../../scripts/lib/pulumi";

let api: Server | undefined;
afterEach(() => api?.close());

/** An API that has one firewall for each of these, and a stack of this project (`queuehost`) that asks it. */
async function cloudOf(
  firewalls: readonly { name: string; labels: Record<string, string> }[],
  config: Record<string, string> = {},
  status = 200,
): Promise<Pulumi> {
  const server = createServer((request, response) => {
    const kind = new URL(request.url ?? "", "http://api").pathname.split("/")[1] ?? "";
    const found = kind === "firewalls" ? firewalls.map((one, at) => ({ id: at + 1, ...one })) : [];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ [kind]: found }));
  });
  api = server;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const values = { "hcloud:endpoint": endpoint, "hcloud:token": "t", ...config };
  const stdout = JSON.stringify(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }])));
  return { stack: "staging", run: async () => ({ exitCode: 0, stdout, output: stdout }) } as unknown as Pulumi;
}

const own = { "managed-by": "queuehost", stack: "staging", project: "queuehost" };
const ids = async (pulumi: Pulumi) => (await labelled(pulumi)).map(({ id }) => id);

test("what has the labels of a stack and its name is the stack's, made by 0.1.0 or later", async () => {
  const { project: _, ...before } = own;
  const name = "queuehost-staging";
  expect(
    await ids(
      await cloudOf([
        { name, labels: own },
        { name, labels: before },
      ]),
    ),
  ).toEqual(["1", "2"]);
});

test("another project's stack of the same name is left alone, and so is what has another name", async () => {
  const things = [
    { name: "queuehost-staging", labels: { ...own, project: "blog" } },
    { name: "blog", labels: own },
  ];
  expect(await ids(await cloudOf(things))).toEqual([]);
  expect(await ids(await cloudOf(things, { "queuehost:server.name": "blog" }))).toEqual(["2"]);
});

test("a token that Hetzner doesn't know is told with the line that sets another", async () => {
  await expect(labelled(await cloudOf([], {}, 401))).rejects.toThrow(
    /^hcloud:token: Hetzner doesn't know it.*\n +npx pulumi config set --secret hcloud:token --stack staging$/,
  );
});
