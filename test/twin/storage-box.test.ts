import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stopTwin } from "../../twin/client";
import { names } from "../../twin/machines/names";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

const PASSWORD = "Correct-horse-4-battery";
const OPEN = { ssh_enabled: true, reachable_externally: true };
const MIB = 2 ** 20;

useTwin((twin) => {
  const ORDER = { name: "box", storage_box_type: "bx11", location: "fsn1", password: PASSWORD };
  let box = { id: 0, host: "", user: "" };
  const knownHosts = () => {
    const path = join(twin.stateDir, "known_hosts");
    writeFileSync(path, `[${box.host}]:23 ${twin.running.boxHostKey}\n`);
    return path;
  };

  /** Runs something on the box over SSH, or an SFTP batch; no other host key than the twin's is accepted. */
  const connect = (program: "ssh" | "sftp", args: readonly string[], input = "") =>
    new Promise<{ code: number; out: string; error: string }>((settle) => {
      const options = ["BatchMode=yes", `UserKnownHostsFile=${knownHosts()}`, "ConnectTimeout=5", "LogLevel=ERROR"];
      const child = execFile(
        program,
        [
          ...["-F", "none", program === "ssh" ? "-p" : "-P", "23", "-i", twin.keyFile],
          ...options.flatMap((option) => ["-o", option]),
          ...(program === "sftp" ? ["-b", "-"] : []),
          `${box.user}@${box.host}`,
          ...args,
        ],
        (error, out, said) => settle({ code: typeof error?.code === "number" ? error.code : 0, out, error: said }),
      );
      // One that ends before it has read all of it says why by its exit code.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  const ssh = (command: string, input?: string) => connect("ssh", [command], input);
  const act = async (action: string, body: object = {}) => {
    const reply = await twin.call("POST", `/storage_boxes/${box.id}/actions/${action}`, body);
    expect(reply.status, JSON.stringify(reply.body)).toBe(201);
    await twin.done(reply.body.action);
  };
  const get = async () => (await twin.call("GET", `/storage_boxes/${box.id}`)).body.storage_box;
  const resize = async (size: number | null) =>
    fetch(twin.running.endpoint.replace(/\/v1$/, `/twin/storage-boxes/${box.id}`), {
      method: "PUT",
      headers: { authorization: `Bearer ${twin.token}`, "content-type": "application/json" },
      body: JSON.stringify({ size }),
    });

  describe("a Storage Box", () => {
    test("types are those that Hetzner sells", async () => {
      const { body } = await twin.call("GET", "/storage_box_types?name=bx11");
      expect(body.storage_box_types).toMatchObject([{ name: "bx11", size: 2 ** 40, snapshot_limit: 10 }]);
      expect((await twin.call("GET", "/storage_box_types")).body.storage_box_types).toHaveLength(4);
    });

    test.each([
      [{ password: "short-A1" }, "password"],
      [{ password: "no-uppercase-1234" }, "password"],
      [{ password: "NoSpecial1234567" }, "password"],
      [{ storage_box_type: "bx99" }, "storage_box_type"],
      [{ location: "nbg1" }, "location"],
      [{ ssh_keys: ["ssh-ed25519 AAAA"] }, "ssh_keys.0"],
    ])("ordered with %j is refused", async (fault, field) => {
      const reply = await twin.call("POST", "/storage_boxes", { ...ORDER, ...fault });
      expect(reply).toMatchObject({ status: 422, body: { error: { code: "invalid_input" } } });
      expect(reply.body.error.details.fields[0].name).toBe(field);
    });

    test("what it doesn't have is refused by name", async () => {
      const reply = await twin.call("POST", "/storage_boxes", { ...ORDER, access_settings: { samba_enabled: true } });
      expect(reply).toMatchObject({ status: 501, body: { error: { code: "not_implemented_by_twin" } } });
    });

    test("answers on port 23 with the twin's host key, for the keys it was ordered with", async () => {
      const reply = await twin.call("POST", "/storage_boxes", {
        ...ORDER,
        labels: { of: "tests" },
        ssh_keys: [twin.publicKey],
        access_settings: OPEN,
      });
      expect(reply.status, JSON.stringify(reply.body)).toBe(201);
      expect(reply.body.storage_box).toMatchObject({ status: "initializing", server: null, username: null });
      box.id = reply.body.storage_box.id;
      // The first on a computer has an image made for it.
      await waitFor("the Storage Box", async () => (await get()).status === "active", 180);
      const { server, username, snapshot_plan, access_settings } = await get();
      expect({ snapshot_plan, access_settings }).toMatchObject({ snapshot_plan: null, access_settings: OPEN });
      box = { ...box, host: server, user: username };
      await waitFor("sshd", async () => (await ssh("pwd")).out.trim() === "/home", 30);
    }, 240_000);

    test("has a few commands, and no shell", async () => {
      expect(await ssh("dd of='a file'", "hello")).toMatchObject({ code: 0 });
      expect((await ssh("cat 'a file'")).out).toBe("hello");
      for (const refused of ["cat a; id", "cat $HOME", "bash", "cat a >b", "cat `id`", "stat .", "rclone ls ."])
        expect(await ssh(refused), refused).toMatchObject({ code: 127, out: "" });
      expect((await ssh("rm 'a file'")).code).toBe(0);
    });

    test("speaks SFTP", async () => {
      const { out, code } = await connect("sftp", [], `put ${twin.keyFile}.pub key.pub\nls\nmkdir folder\n`);
      expect({ code, listed: out.includes("key.pub") }).toEqual({ code: 0, listed: true });
      const { body } = await twin.call("GET", `/storage_boxes/${box.id}/folders?path=.`);
      expect(body.folders).toEqual([".ssh", "folder"]);
      expect((await twin.call("GET", `/storage_boxes/${box.id}/folders?path=nowhere`)).status).toBe(404);
      expect((await get()).stats.size).toBeGreaterThan(0);
    });

    test("can be full", async () => {
      expect((await resize(MIB)).status).toBe(200);
      expect((await ssh("ls")).out).toBe("folder\nkey.pub\n");
      const full = await ssh("dd of=large bs=64k", "x".repeat(2 * MIB));
      expect(full.code).not.toBe(0);
      expect(full.error).toContain("No space left on device");
      expect((await resize(null)).status).toBe(200);
      expect(await ssh("dd of=large bs=64k", "x".repeat(2 * MIB))).toMatchObject({ code: 0 });
      expect((await ssh("cat key.pub")).out.trim()).toBe(twin.publicKey);
    });

    test("survives a restart of the twin and the end of its container; so does its host key", async () => {
      const key = twin.running.boxHostKey;
      await stopTwin(twin.stateDir, { deleteServers: false });
      expect((await ssh("ls")).out).toBe("folder\nkey.pub\nlarge\n");
      await twin.start();
      expect(twin.running.boxHostKey).toBe(key);
      execFile("docker", ["kill", names(twin.stateDir).box(box.id)]);
      await waitFor("the Storage Box", async () => (await ssh("ls")).out === "folder\nkey.pub\nlarge\n", 30);
    });

    test("a key with a forced command can do that alone", async () => {
      const forced = `restrict,command="rclone serve restic --stdio --append-only queuehost" ${twin.publicKey}`;
      await ssh("dd of=.ssh/authorized_keys", `${forced}\n`);
      const tried = await ssh("cat .ssh/authorized_keys");
      expect(tried.out).not.toContain("restrict");
      expect((await connect("sftp", [], "ls\n")).code).not.toBe(0);
    });

    test("a new password and a snapshot plan are recorded; access can be shut", async () => {
      await act("reset_password", { password: `${PASSWORD}-2` });
      await act("enable_snapshot_plan", {
        max_snapshots: 10,
        minute: 5,
        hour: 3,
        day_of_week: null,
        day_of_month: null,
      });
      expect((await get()).snapshot_plan).toMatchObject({ max_snapshots: 10, hour: 3, day_of_week: null });
      const many = { max_snapshots: 11, minute: 5, hour: 3 };
      const refused = await twin.call("POST", `/storage_boxes/${box.id}/actions/enable_snapshot_plan`, many);
      expect(refused.body.error.details.fields[0].name).toBe("max_snapshots");
      await act("disable_snapshot_plan");
      expect((await get()).snapshot_plan).toBeNull();
      await act("update_access_settings", { reachable_externally: false });
      expect((await ssh("pwd")).error).toContain("refused");
      expect((await twin.call("POST", `/storage_boxes/${box.id}/snapshots`, {})).status).toBe(501);
    });

    test("is changed, protected and deleted", async () => {
      const renamed = await twin.call("PUT", `/storage_boxes/${box.id}`, { name: "other" });
      expect(renamed.body.storage_box).toMatchObject({ name: "other", labels: { of: "tests" } });
      await act("change_type", { storage_box_type: "bx21" });
      expect((await get()).storage_box_type.name).toBe("bx21");
      await act("change_protection", { delete: true });
      const refused = await twin.call("DELETE", `/storage_boxes/${box.id}`);
      expect(refused).toMatchObject({ status: 423, body: { error: { code: "protected" } } });
      await act("change_protection", { delete: false });
      const gone = await twin.call("DELETE", `/storage_boxes/${box.id}`);
      await twin.done(gone.body.action);
      expect((await twin.call("GET", "/storage_boxes")).body.storage_boxes).toEqual([]);
    });
  });
});
