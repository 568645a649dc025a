import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Subject } from "../../../scripts/verification/check";
import { firewall } from "../../../scripts/verification/firewall";
import { freePort } from "../../support/free-port";

const TOKEN = "f".repeat(64);
const SUBJECT: Pick<Subject, "serverId" | "firewallId" | "sshAllowedFrom"> = {
  serverId: 4711,
  firewallId: 38,
  sshAllowedFrom: ["198.51.100.7/32", "192.0.2.0/24"],
};

/** What the API answers, by path. */
let answers: Record<string, unknown>;
let endpoint: string;
const api = createServer(({ url = "", headers }, response) => {
  const known = headers.authorization === `Bearer ${TOKEN}`;
  const answer = answers[url];
  response.writeHead(known ? (answer === undefined ? 404 : 200) : 401, { "content-type": "application/json" });
  response.end(JSON.stringify(answer ?? { error: { code: "not_found", message: "not found", details: {} } }));
});

const rule = (port: string, source_ips: string[]) => ({
  direction: "in",
  protocol: "tcp",
  port,
  source_ips,
  destination_ips: [],
  description: null,
});
const EVERYONE = ["0.0.0.0/0", "::/0"];
// In another order than the configuration's.
const RULES = [rule("443", EVERYONE), rule("22", ["192.0.2.0/24", "198.51.100.7/32"]), rule("80", EVERYONE)];

const answerWith = (rules: object[], firewalls: object[]) => {
  answers = {
    "/v1/firewalls/38": { firewall: { id: 38, name: "fw", labels: {}, rules, applied_to: [] } },
    "/v1/servers/4711": {
      server: { id: 4711, name: "web", public_net: { ipv4: null, ipv6: null, floating_ips: [], firewalls } },
    },
  };
};

beforeAll(async () => {
  await new Promise<void>((ready) => api.listen(0, "127.0.0.1", ready));
  endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1`;
});
afterAll(() => new Promise((closed) => api.close(closed)));
beforeEach(() => answerWith(RULES, [{ id: 38, status: "applied" }]));

const look = async (token = TOKEN) => {
  const [rules, attachment] = await firewall(SUBJECT, endpoint, token);
  return { rules, attachment };
};

test("is green where the rules are the configured ones and it alone is applied to the server", async () => {
  const concern = "outside";
  expect(await look()).toEqual({
    rules: { concern, name: "cloud firewall names 22, 80, 443 alone", ok: true, seen: "3 rules" },
    attachment: {
      concern,
      name: "no other cloud firewall but those of guests",
      ok: true,
      seen: "applied to server 4711",
    },
  });
});

test("is red with a rule too many, one too few and one that differs", async () => {
  answerWith([rule("22", EVERYONE), rule("80", EVERYONE), { ...rule("", EVERYONE), protocol: "icmp", port: null }], []);
  expect((await look()).rules).toMatchObject({
    ok: false,
    seen: [
      "not expected: in tcp/22 from 0.0.0.0/0 ::/0",
      "not expected: in icmp/any from 0.0.0.0/0 ::/0",
      "missing: in tcp/22 from 192.0.2.0/24 198.51.100.7/32",
      "missing: in tcp/443 from 0.0.0.0/0 ::/0",
    ].join("; "),
  });
});

test.each([
  ["isn't attached", [], "firewall 38 isn't attached"],
  ["is attached, but not in force", [{ id: 38, status: "pending" }], "firewall 38 is pending"],
  [
    "isn't alone",
    [
      { id: 38, status: "applied" },
      { id: 39, status: "applied" },
    ],
    "attached besides: 39",
  ],
])("is red where it %s", async (_, firewalls, seen) => {
  answerWith(RULES, firewalls);
  answers["/v1/firewalls/39"] = { firewall: { id: 39, labels: {}, rules: [] } };
  expect(await look()).toMatchObject({ rules: { ok: true }, attachment: { ok: false, seen } });
});

const attachedBesides = async (labels: Record<string, string>, rules: object[]) => {
  answerWith(RULES, [
    { id: 38, status: "applied" },
    { id: 39, status: "applied" },
  ]);
  answers["/v1/firewalls/39"] = { firewall: { id: 39, labels, rules } };
  return (await look()).attachment;
};
const GUEST = { "managed-by": "queuehost", guest: "anna" };
const inAnHour = String(Math.floor(Date.now() / 1000) + 3600);

test("a guest's firewall is green until its time is over, and says whose it is", async () => {
  const rules = [rule("22", ["203.0.113.9/32"])];
  expect(await attachedBesides({ ...GUEST, until: inAnHour }, rules)).toMatchObject({
    ok: true,
    seen: expect.stringMatching(/^applied to server 4711; guest anna until 20..-..-..T..:..Z$/),
  });
  expect(await attachedBesides({ ...GUEST, until: "1700000000" }, rules)).toMatchObject({
    ok: false,
    seen: expect.stringMatching(/^still let in: guest anna until 2023-11-14T22:13Z/),
  });
  expect(await attachedBesides(GUEST, rules)).toMatchObject({ ok: false });
});

test("a guest's firewall is red where it opens more than ssh, or ssh to everybody", async () => {
  const labels = { ...GUEST, until: inAnHour };
  for (const one of [rule("6379", ["203.0.113.9/32"]), rule("22", EVERYONE)])
    expect(await attachedBesides(labels, [one])).toMatchObject({
      ok: false,
      seen: expect.stringContaining("more than ssh"),
    });
});

test("an API that refuses, knows nothing, answers nonsense or isn't there is a failure", async () => {
  expect(await look("wrong")).toMatchObject({ rules: { ok: false, seen: "the API answered 401" } });
  answers = {};
  expect(await look()).toMatchObject({ attachment: { ok: false, seen: "the API answered 404" } });
  answers = { "/v1/servers/4711": { server: {} } };
  expect((await look()).attachment?.seen).toMatch(/^not the API's answer: .*server.public_net/);
  const [gone] = await firewall(SUBJECT, `http://127.0.0.1:${await freePort()}/v1`, TOKEN);
  expect(gone).toMatchObject({ ok: false, seen: expect.stringContaining("ECONNREFUSED") });
});
