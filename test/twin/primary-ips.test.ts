import { describe, expect, test } from "vitest";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

useTwin((twin) => {
  const make = async (name: string, more: object = {}) =>
    twin.call("POST", "/primary_ips", { name, type: "ipv4", assignee_type: "server", location: "nbg1", ...more });
  const get = async (id: number) => (await twin.call("GET", `/primary_ips/${id}`)).body.primary_ip;
  const act = async (path: string, body: object = {}) => {
    const reply = await twin.call("POST", path, body);
    if (reply.status === 201) await twin.done(reply.body.action);
    return reply;
  };

  describe("Primary IPs", () => {
    test("are made for a location, renamed, protected and deleted", async () => {
      const { status, body } = await make("spare", { auto_delete: false, labels: { of: "tests" } });
      expect({ status, ip: body.primary_ip }).toMatchObject({
        status: 201,
        ip: { name: "spare", assignee_id: null, auto_delete: false, location: { name: "nbg1" } },
      });
      const { id } = body.primary_ip;
      expect((await make("spare")).body.error.code).toBe("uniqueness_error");
      expect((await make("nowhere", { location: null })).body.error.code).toBe("invalid_input");
      const changed = await twin.call("PUT", `/primary_ips/${id}`, { name: "other", auto_delete: true });
      expect(changed.body.primary_ip).toMatchObject({ name: "other", auto_delete: true, labels: { of: "tests" } });
      await act(`/primary_ips/${id}/actions/change_protection`, { delete: true });
      expect((await twin.call("DELETE", `/primary_ips/${id}`)).body.error.code).toBe("protected");
      await act(`/primary_ips/${id}/actions/change_protection`, { delete: false });
      expect((await twin.call("DELETE", `/primary_ips/${id}`)).status).toBe(204);
      expect((await twin.call("GET", "/primary_ips")).body.primary_ips).toEqual([]);
    });

    test("a server takes those that it is ordered with; they outlive it, the others don't", async () => {
      const { id, ip } = (await make("kept")).body.primary_ip;
      const server = await twin.server("web", { public_net: { ipv4: id } });
      expect(server.ip).toBe(ip);
      expect(await get(id)).toMatchObject({ assignee_id: server.id });
      const again = { name: "second", server_type: "cx23", image: "debian-13", location: "nbg1" };
      const taken = await twin.call("POST", "/servers", { ...again, public_net: { ipv4: id } });
      expect(taken.body.error.code).toBe("primary_ip_assigned");
      expect((await twin.call("DELETE", `/primary_ips/${id}`)).body.error.code).toBe("must_be_unassigned");

      await twin.done((await twin.call("DELETE", `/servers/${server.id}`)).body.action);
      const { primary_ips } = (await twin.call("GET", "/primary_ips")).body;
      expect(primary_ips).toMatchObject([{ id, ip, assignee_id: null }]);

      const elsewhere = await twin.call("POST", "/servers", { ...again, location: "hel1", public_net: { ipv4: id } });
      expect(elsewhere.body.error.code).toBe("primary_ip_datacenter_mismatch");
      const six = await twin.call("POST", "/servers", { ...again, public_net: { ipv6: id } });
      expect([six.body.error.code, six.status]).toEqual(
        server.ip6 === "" ? [undefined, 201] : ["primary_ip_version_mismatch", 422],
      );
      expect((await twin.call("GET", "/primary_ips")).body.primary_ips).toHaveLength(1);
    });

    test("a server that is off changes its address, and answers there with the disk that it had", async () => {
      const [kept] = (await twin.call("GET", "/primary_ips?name=kept")).body.primary_ips;
      const server = await twin.server("web");
      await twin.ssh(server.ip, "echo kept >/root/disk && sync");
      const { public_net } = (await twin.call("GET", `/servers/${server.id}`)).body.server;
      const unassign = `/primary_ips/${public_net.ipv4.id}/actions/unassign`;
      expect((await act(unassign)).body.error.code).toBe("server_not_stopped");
      await act(`/servers/${server.id}/actions/poweroff`);
      expect((await act(unassign)).status).toBe(201);
      const assign = { assignee_id: server.id, assignee_type: "server" };
      expect((await act(`/primary_ips/${kept.id}/actions/assign`, assign)).status).toBe(201);
      expect((await act(`/primary_ips/${public_net.ipv4.id}/actions/assign`, assign)).body.error.code).toBe(
        "server_has_ipv4",
      );
      await act(`/servers/${server.id}/actions/poweron`);
      await waitFor("ssh", async () => (await twin.ssh(kept.ip, "cat /root/disk")) === "kept", 30);
      expect(await twin.ssh(kept.ip, "ip -4 -o addr show eth0")).toContain(`${kept.ip}/32`);
    });
  });

  describe("backups of a server", () => {
    test("are switched on and off: a record alone", async () => {
      const [{ id }] = (await twin.call("GET", "/servers?name=web")).body.servers;
      const window = async () => (await twin.call("GET", `/servers/${id}`)).body.server.backup_window;
      await act(`/servers/${id}/actions/enable_backup`);
      expect(await window()).toBe("22-02");
      await act(`/servers/${id}/actions/disable_backup`);
      expect(await window()).toBeNull();
    });
  });
});
