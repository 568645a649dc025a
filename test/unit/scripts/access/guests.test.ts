import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Guests, sweepGuests } from "../../../../scripts/access/guests";
import type { Pulumi } from "../../../../scripts/lib/pulumi";

interface Firewall {
  readonly id: number;
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly applied_to: object[];
}

let api: Server | undefined;
afterEach(() => api?.close());

/** A cloud that holds these firewalls and nothing else, and refuses a second one of a name, a sixth, and to delete one in use. */
async function cloudOf(firewalls: Firewall[], token: string | undefined = "t") {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "" } = request;
    const path = url.split("?")[0] ?? "";
    const text = (await request.toArray()).join("");
    const body = text === "" ? {} : JSON.parse(text);
    requests.push(`${method} ${path}`);
    const answer = (status: number, content: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
    const refuse = (status: number, code: string) => answer(status, { error: { code, message: `no: ${code}` } });
    const at = firewalls.findIndex(({ id }) => path.startsWith(`/firewalls/${id}`));
    const found = firewalls[at];
    const shown = (firewall: Firewall) => ({ rules: [{ source_ips: ["203.0.113.7/32"] }], ...firewall });
    if (method === "GET") return answer(200, { firewalls: firewalls.map(shown) });
    if (method === "POST" && path === "/firewalls") {
      if (firewalls.length >= 5) return refuse(403, "resource_limit_exceeded");
      const made = { id: 100 + firewalls.length, ...body, applied_to: body.apply_to };
      firewalls.push(made);
      return answer(201, { firewall: made, actions: [] });
    }
    if (found === undefined) return refuse(404, "not_found");
    if (method === "PUT") {
      firewalls[at] = { ...found, ...body };
      return answer(200, { firewall: shown(found) });
    }
    if (method === "POST") {
      found.applied_to.splice(0);
      return answer(201, { actions: [] });
    }
    if (found.applied_to.length > 0) return refuse(409, "resource_in_use");
    firewalls.splice(at, 1);
    return response.writeHead(204).end();
  });
  api = server;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const values = { "hcloud:endpoint": { value: endpoint }, ...(token && { "hcloud:token": { value: token } }) };
  const stdout = JSON.stringify(values);
  const pulumi = { stack: "staging", run: async () => ({ exitCode: 0, stdout, output: stdout }) } as unknown as Pulumi;
  return { pulumi, requests, firewalls };
}

const own = { "managed-by": "queuehost", stack: "staging", project: "queuehost" };
const on7 = () => [{ type: "server", server: { id: 7 } }];
const epoch = (seconds: number) => String(Math.floor(Date.now() / 1000) + seconds);
const guest = (id: number, who: string, until: string, project = "queuehost"): Firewall => ({
  id,
  name: `guest-${who}`,
  labels: { ...own, project, guest: who, until },
  applied_to: on7(),
});
const inAnHour = new Date(Date.now() + 3_600_000);

test("a guest has a firewall of its own, which says whose it is and until when, from the first moment", async () => {
  const { pulumi, firewalls, requests } = await cloudOf([]);
  const made = await (await Guests.of(pulumi)).letIn(7, "anna@example.com", ["203.0.113.7/32"], inAnHour);
  expect(made).toMatchObject({ who: "anna-example.com", ranges: ["203.0.113.7/32"], servers: [7] });
  expect(firewalls).toMatchObject([
    {
      name: "queuehost-staging-guest-anna-example.com",
      labels: { ...own, guest: "anna-example.com", until: String(Math.floor(inAnHour.getTime() / 1000)) },
      rules: [{ direction: "in", protocol: "tcp", port: "22", source_ips: ["203.0.113.7/32"] }],
      applied_to: on7(),
    },
  ]);
  expect(requests.filter((request) => !request.startsWith("GET"))).toEqual(["POST /firewalls"]);
});

test("more time for the same address changes the label alone; another address is another firewall", async () => {
  const { pulumi, firewalls, requests } = await cloudOf([guest(1, "anna", epoch(60))]);
  const guests = await Guests.of(pulumi);
  await guests.letIn(7, "anna", ["203.0.113.7/32"], inAnHour);
  expect(requests.filter((request) => !request.startsWith("GET"))).toEqual(["PUT /firewalls/1"]);
  expect(firewalls[0]?.labels.until).toBe(String(Math.floor(inAnHour.getTime() / 1000)));
  await guests.letIn(7, "anna", ["198.51.100.9/32"], inAnHour);
  expect(firewalls.map(({ id }) => id)).toEqual([100]);
});

test("whose time is over, or whose server is gone, is swept, and nobody of another project", async () => {
  const orphan = { ...guest(4, "gone", epoch(60)), applied_to: [] };
  const garbled = guest(5, "garbled", "soon");
  const { pulumi, firewalls } = await cloudOf([
    guest(1, "early", epoch(60)),
    guest(2, "late", epoch(-60)),
    guest(3, "others", epoch(-60), "blog"),
    orphan,
    garbled,
  ]);
  expect((await sweepGuests(pulumi)).map(({ who }) => who)).toEqual(["late", "gone", "garbled"]);
  expect(firewalls.map(({ id }) => id)).toEqual([1, 3]);
});

test("a firewall that goes while it is shut out is no fault", async () => {
  const { pulumi } = await cloudOf([]);
  const [anna] = [{ firewallId: 9, who: "anna", ranges: [], until: inAnHour, servers: [7] }];
  await (await Guests.of(pulumi)).shutOut(anna);
});

test("one guest too many is told with how many there can be", async () => {
  const { pulumi } = await cloudOf([1, 2, 3, 4, 5].map((id) => guest(id, `g${id}`, epoch(60))));
  await expect((await Guests.of(pulumi)).letIn(7, "anna", ["203.0.113.7/32"], inAnHour)).rejects.toThrow(
    /resource_limit_exceeded\. A server has 5 firewalls at most, so 4 guests\.$/,
  );
});

test("without a token nothing is in the cloud", async () => {
  const { pulumi, requests } = await cloudOf([], "");
  expect(await sweepGuests(pulumi)).toEqual([]);
  expect(requests).toEqual([]);
});
