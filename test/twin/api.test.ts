import { describe, expect, test } from "vitest";
import { useTwin } from "./support/twin";

const SERVER = { name: "web", server_type: "cx23", image: "debian-13", location: "nbg1" };

useTwin((twin) => {
  describe("what Hetzner offers", () => {
    test("the queries of the real provider find type, image and location", async () => {
      const types = await twin.call("GET", "/server_types?name=cx23");
      expect(types.body.server_types).toMatchObject([
        { name: "cx23", cores: 2, memory: 4, disk: 40, architecture: "x86" },
      ]);
      const images = await twin.call("GET", "/images?architecture=x86&include_deprecated=true&name=debian-13");
      expect(images.body.images).toMatchObject([{ name: "debian-13", architecture: "x86", status: "available" }]);
      const locations = await twin.call("GET", "/locations");
      expect(locations.body.locations.map(({ name }: { name: string }) => name)).toEqual([
        "fsn1",
        "nbg1",
        "hel1",
        "ash",
        "hil",
        "sin",
      ]);
      expect((await twin.call("GET", "/server_types/114")).body.server_type.name).toBe("cx23");
      expect((await twin.call("GET", "/server_types?name=cx99")).body.server_types).toEqual([]);
    });

    test("an unknown number is not_found", async () => {
      expect(await twin.call("GET", "/images/1")).toMatchObject({
        status: 404,
        body: { error: { code: "not_found" } },
      });
      expect(await twin.call("GET", "/locations/77")).toMatchObject({
        status: 404,
        body: { error: { code: "not_found" } },
      });
    });
  });

  describe("who may ask", () => {
    test("no token, or another one, is unauthorized", async () => {
      for (const token of ["", "wrong"]) {
        expect(await twin.call("GET", "/servers", undefined, token)).toMatchObject({
          status: 401,
          body: { error: { code: "unauthorized" } },
        });
      }
    });
  });

  describe("what is not imitated", () => {
    test.each([
      ["GET", "/networks", "GET /v1/networks"],
      ["POST", "/volumes", "POST /v1/volumes"],
      ["POST", "/servers/1/actions/create_image", "POST /v1/servers/1/actions/create_image"],
      ["GET", "/servers?colour=red", "the query parameter 'colour' of servers"],
    ])("%s %s says so by name", async (method, path, named) => {
      const { status, body } = await twin.call(method, path, method === "POST" ? {} : undefined);
      expect({ status, body }).toMatchObject({ status: 501, body: { error: { code: "not_implemented_by_twin" } } });
      expect(body.error.message).toContain(named);
    });

    test.each([
      ["networks", [1]],
      ["volumes", [1]],
      ["placement_group", 1],
      ["colour", "red"],
    ])("the option %s of a server says so by name", async (option, value) => {
      const { status, body } = await twin.call("POST", "/servers", { ...SERVER, [option]: value });
      expect(status).toBe(501);
      expect(body.error.message).toContain(`'${option}'`);
    });
  });

  describe("what is sold out", () => {
    const available = async (location: string) => {
      const { body } = await twin.call("GET", "/server_types?name=cx23");
      return body.server_types[0].locations.find(({ name }: { name: string }) => name === location).available;
    };

    test("can't be ordered there until it is to be had again", async () => {
      await twin.sellOut({ server_type: "cx23", location: "nbg1" });
      expect([await available("nbg1"), await available("fsn1")]).toEqual([false, true]);
      const reply = await twin.call("POST", "/servers", SERVER);
      expect(reply).toMatchObject({
        status: 412,
        body: { error: { code: "resource_unavailable", message: "error during placement" } },
      });
      expect((await twin.call("GET", "/servers")).body.servers).toEqual([]);
      await twin.sellOut();
      expect(await available("nbg1")).toBe(true);
    });

    test("can be refused although the list has it", async () => {
      await twin.sellOut({ server_type: "cx23", location: "nbg1", listed: false });
      expect(await available("nbg1")).toBe(true);
      expect((await twin.call("POST", "/servers", SERVER)).body.error.code).toBe("resource_unavailable");
      await twin.sellOut();
    });

    test("is said by whoever has the token, in words that are checked", async () => {
      const url = twin.running.endpoint.replace(/\/v1$/, "/twin/sold-out");
      expect((await fetch(url)).status).toBe(401);
      const wrong = await twin.sellOut({ server_type: "cx23", location: "ash" });
      expect(wrong).toMatchObject({ status: 422, body: { error: { code: "invalid_input" } } });
      expect(wrong.body.error.message).toContain("cx23 is not offered in ash");
    });
  });

  describe("DNS zones", () => {
    const WWW = { name: "www", type: "A", ttl: 300, labels: { stack: "x" }, records: [{ value: "198.18.0.9" }] };
    const SETS = "/zones/example.org/rrsets";

    test("are made by whoever operates the twin, and found by name and number", async () => {
      expect(await twin.setZones("example.org", "example.net")).toBe(200);
      const { body } = await twin.call("GET", "/zones?name=example.org");
      expect(body.zones).toMatchObject([{ name: "example.org", mode: "primary", record_count: 0 }]);
      expect((await twin.call("GET", `/zones/${body.zones[0].id}`)).body.zone.name).toBe("example.org");
      expect((await twin.call("GET", "/zones/example.com")).body.error.code).toBe("not_found");
      expect((await twin.call("POST", "/zones", { name: "example.com" })).status).toBe(501);
    });

    test("their record sets are made once, changed and deleted", async () => {
      const made = await twin.call("POST", SETS, WWW);
      expect(made).toMatchObject({ status: 201, body: { rrset: { id: "www/A", ttl: 300 } } });
      await twin.done(made.body.action);
      expect((await twin.call("POST", SETS, WWW)).body.error.code).toBe("uniqueness_error");
      const records = [{ value: "198.18.0.10", comment: "moved" }];
      expect((await twin.call("POST", `${SETS}/www/A/actions/set_records`, { records })).status).toBe(201);
      expect((await twin.call("POST", `${SETS}/www/A/actions/change_ttl`, { ttl: 600 })).status).toBe(201);
      await twin.call("PUT", `${SETS}/www/A`, { labels: {} });
      const { body } = await twin.call("GET", `${SETS}/www/A`);
      expect(body.rrset).toMatchObject({ ttl: 600, labels: {}, records });
      expect((await twin.call("GET", `${SETS}?type=A`)).body.rrsets).toHaveLength(1);
      expect((await twin.call("GET", `${SETS}?type=AAAA`)).body.rrsets).toHaveLength(0);
      const deleted = await twin.call("DELETE", `${SETS}/www/A`);
      await twin.done(deleted.body.action);
      expect((await twin.call("GET", `${SETS}/www/A`)).status).toBe(404);
    });

    test.each([
      [{ name: "WWW" }, 422, "name"],
      [{ name: "www." }, 422, "name"],
      [{ ttl: 1 }, 422, "ttl"],
      [{ records: [] }, 422, "records"],
      [{ records: [{ value: "2001:db8::1" }] }, 422, "records"],
      [{ type: "TXT" }, 501, undefined],
    ])("%j is refused", async (fault, status, field) => {
      const reply = await twin.call("POST", SETS, { ...WWW, ...fault });
      expect(reply.status).toBe(status);
      if (field) expect(reply.body.error.details.fields[0].name).toBe(field);
      expect((await twin.call("GET", SETS)).body.rrsets).toEqual([]);
    });

    test("the zone itself is @", async () => {
      const made = await twin.call("POST", SETS, { ...WWW, name: "@" });
      expect(made.body.rrset.id).toBe("@/A");
      expect((await twin.call("GET", `${SETS}/@/A`)).status).toBe(200);
      await twin.setZones();
      expect((await twin.call("GET", "/zones")).body.zones).toEqual([]);
    });
  });

  describe("bad input to a server", () => {
    test.each([
      [{ name: "a_b" }, 422, "invalid_input", "name"],
      [{ server_type: "cx99" }, 422, "invalid_input", "server_type"],
      [{ image: "debian-99" }, 422, "invalid_input", "image"],
      [{ location: "moon1" }, 422, "invalid_input", "location"],
      [{ location: "ash" }, 422, "invalid_input", "location"],
      [{ labels: { "-": "x" } }, 422, "invalid_input", "labels"],
      [{ user_data: "x".repeat(32 * 1024 + 1) }, 422, "invalid_input", "user_data"],
      [{ ssh_keys: ["nobody's"] }, 404, "not_found", undefined],
      [{ firewalls: [{ firewall: 999 }] }, 404, "not_found", undefined],
      [{ image: "debian-12" }, 501, "not_implemented_by_twin", undefined],
      [{ server_type: process.arch === "x64" ? "cax11" : "cx23" }, 412, "resource_unavailable", undefined],
    ])("%j is refused, and nothing is made", async (fault, status, code, field) => {
      const reply = await twin.call("POST", "/servers", { ...SERVER, ...fault });
      expect(reply).toMatchObject({ status, body: { error: { code } } });
      if (field) expect(reply.body.error.details.fields[0].name).toBe(field);
      expect((await twin.call("GET", "/servers")).body.servers).toEqual([]);
    });

    test("what is no JSON is json_error", async () => {
      expect(await twin.call("POST", "/servers", "{")).toMatchObject({
        status: 400,
        body: { error: { code: "json_error" } },
      });
    });
  });

  describe("SSH keys", () => {
    test("name and fingerprint are unique, and a key is a key", async () => {
      const again = await twin.call("POST", "/ssh_keys", { name: "tests", public_key: twin.publicKey });
      expect(again).toMatchObject({ status: 409, body: { error: { code: "uniqueness_error" } } });
      const same = await twin.call("POST", "/ssh_keys", { name: "other", public_key: twin.publicKey });
      expect(same.body.error).toMatchObject({
        code: "uniqueness_error",
        message: "SSH key with the same fingerprint already exists",
      });
      const wrong = await twin.call("POST", "/ssh_keys", { name: "other", public_key: "ssh-ed25519 AAAA" });
      expect(wrong).toMatchObject({ status: 422, body: { error: { details: { fields: [{ name: "public_key" }] } } } });
    });

    test("a key is found by name and fingerprint, renamed and labelled", async () => {
      const { body } = await twin.call("GET", "/ssh_keys?name=tests");
      const [key] = body.ssh_keys;
      expect(key.fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
      const found = await twin.call("GET", `/ssh_keys?fingerprint=${key.fingerprint}`);
      expect(found.body.ssh_keys).toHaveLength(1);
      const changed = await twin.call("PUT", `/ssh_keys/${key.id}`, { labels: { team: "queue" } });
      expect(changed.body.ssh_key).toMatchObject({ name: "tests", labels: { team: "queue" } });
      expect((await twin.call("GET", "/ssh_keys?label_selector=team%3Dqueue")).body.ssh_keys).toHaveLength(1);
      expect((await twin.call("GET", "/ssh_keys?label_selector=team!%3Dqueue")).body.ssh_keys).toHaveLength(0);
    });
  });

  describe("firewalls", () => {
    test("are made, listed in pages, changed and deleted", async () => {
      const made = [];
      for (const n of [1, 2, 3]) {
        const { status, body } = await twin.call("POST", "/firewalls", { name: `fw-${n}`, labels: { n: String(n) } });
        expect(status).toBe(201);
        made.push(body.firewall);
      }
      const second = await twin.call("GET", "/firewalls?page=2&per_page=2&sort=name:desc");
      expect(second.body.firewalls.map(({ name }: { name: string }) => name)).toEqual(["fw-1"]);
      expect(second.body.meta.pagination).toEqual({
        page: 2,
        per_page: 2,
        previous_page: 1,
        next_page: null,
        last_page: 2,
        total_entries: 3,
      });
      const some = await twin.call("GET", `/firewalls?label_selector=${encodeURIComponent("n in (1,3)")}`);
      expect(some.body.firewalls).toHaveLength(2);
      expect((await twin.call("POST", "/firewalls", { name: "fw-1" })).body.error.code).toBe("uniqueness_error");
      expect((await twin.call("PUT", `/firewalls/${made[0].id}`, { name: "fw-9" })).body.firewall.name).toBe("fw-9");
      for (const { id } of made) expect((await twin.call("DELETE", `/firewalls/${id}`)).status).toBe(204);
      expect((await twin.call("DELETE", `/firewalls/${made[0].id}`)).status).toBe(404);
    });

    test("rules come back in canonical form", async () => {
      const rule = { direction: "in", protocol: "tcp", port: "80-85", source_ips: ["2001:0DB8:0::/48", "10.0.0.0/8"] };
      const { body } = await twin.call("POST", "/firewalls", { name: "canonical", rules: [rule] });
      await twin.done(...body.actions);
      expect(body.firewall.rules).toEqual([
        { ...rule, source_ips: ["2001:db8::/48", "10.0.0.0/8"], destination_ips: [], description: null },
      ]);
      await twin.call("DELETE", `/firewalls/${body.firewall.id}`);
    });

    test.each([
      [{ protocol: "tcp", source_ips: ["0.0.0.0/0"] }, "port"],
      [{ protocol: "icmp", port: "80", source_ips: ["0.0.0.0/0"] }, "port"],
      [{ protocol: "tcp", port: "0", source_ips: ["0.0.0.0/0"] }, "port"],
      [{ protocol: "tcp", port: "90-80", source_ips: ["0.0.0.0/0"] }, "port"],
      [{ protocol: "tcp", port: "80", source_ips: [] }, "source_ips"],
      [{ protocol: "tcp", port: "80", source_ips: ["10.0.0.1/8"] }, "source_ips"],
      [{ protocol: "tcp", port: "80", source_ips: ["0.0.0.0/0"], destination_ips: ["0.0.0.0/0"] }, "destination_ips"],
      [{ protocol: "sctp", source_ips: ["0.0.0.0/0"] }, "protocol"],
    ])("the rule %j is refused", async (rule, field) => {
      const { status, body } = await twin.call("POST", "/firewalls", {
        name: "bad",
        rules: [{ direction: "in", ...rule }],
      });
      expect({ status, code: body.error.code }).toEqual({ status: 422, code: "invalid_input" });
      expect(body.error.details.fields[0].name).toContain(`rules.0.${field}`);
    });

    test("can't be applied to what doesn't exist", async () => {
      const { body } = await twin.call("POST", "/firewalls", { name: "lonely" });
      const reply = await twin.call("POST", `/firewalls/${body.firewall.id}/actions/apply_to_resources`, {
        apply_to: [{ type: "server", server: { id: 999 } }],
      });
      expect(reply.body.error.code).toBe("firewall_resource_not_found");
      await twin.call("DELETE", `/firewalls/${body.firewall.id}`);
    });
  });
});
