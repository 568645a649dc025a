import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOverSsh } from "../../scripts/engine/command-provider";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";

interface Resource {
  readonly urn: string;
  readonly outputs?: { readonly stdout?: { readonly plaintext: string } };
}

describe.skipIf(LACKS_ENGINE)("a Storage Box of the stack's own", () => {
  let it: Deployment;
  const run = (...args: string[]) => it.pulumi.run([...args, "--color", "never"]);

  /** All that belongs to the box, and nothing of the server. */
  const up = async () => {
    const urns = ["**::queuehost:index:QueueHost::**", "**queuehost:storagebox:StorageBox**"];
    const { exitCode, output } = await run(
      "up",
      "--yes",
      "--skip-preview",
      ...urns.flatMap((urn) => ["--target", urn]),
    );
    expect(exitCode, output).toBe(0);
    return output;
  };
  const boxes = async () =>
    (await it.api<{ storage_boxes: { server: string; username: string }[] }>("/storage_boxes")).storage_boxes;

  /** Runs a command on the box with one of the two keys that the state holds. */
  const onBox = async (key: "owner" | "server", command: string, stdin = "") => {
    const { output } = await run("stack", "export", "--show-secrets");
    const { deployment } = JSON.parse(output) as { deployment: { resources: Resource[] } };
    const made = deployment.resources.find(({ urn }) => urn.endsWith(`::queuehost-storage-box-${key}-key`));
    const [, ...pem] = (JSON.parse(made?.outputs?.stdout?.plaintext ?? '""') as string).trim().split("\n");
    const [{ server: host, username: user } = { server: "", username: "" }] = await boxes();
    return runOverSsh(
      { host, port: 23, user, privateKey: `${pem.join("\n")}\n`, hostKey: it.twin.boxHostKey },
      { command, stdin, timeoutMs: 30_000 },
    );
  };

  beforeAll(async () => {
    it = await Deployment.make("storage-box");
    await it.configure({ "backups.to": "storage-box" }, { "backups.password": "0123456789abcdef0123456789abcdef" });
  });
  afterAll(async () => {
    await it.end();
  });

  test("is made with two keys, protected and with daily snapshots; a second up finds nothing to do", async () => {
    expect(await up()).toContain("+ 7 created");
    expect(await boxes()).toMatchObject([
      {
        name: `queuehost-${it.pulumi.stack}`,
        storage_box_type: { name: "bx11" },
        protection: { delete: true },
        access_settings: { ssh_enabled: true, samba_enabled: false, webdav_enabled: false },
        snapshot_plan: { max_snapshots: 10, day_of_week: null, day_of_month: null },
      },
    ]);
    expect(await up()).not.toMatch(/created|updated|replaced/);
  });

  test("the server's key speaks restic's protocol alone, whatever it asks for; the owner's may do everything", async () => {
    expect((await onBox("owner", "mkdir queuehost")).exitCode).toBe(0);
    const listed = await onBox("owner", "cat .ssh/authorized_keys");
    const [owner, server] = listed.stdout.trim().split("\n");
    expect(owner).toMatch(/^ssh-ed25519 \S+$/);
    expect(server).toMatch(/^restrict,command="rclone serve restic --stdio --append-only queuehost" ssh-ed25519 \S+$/);
    await onBox("server", "rm -r queuehost");
    expect((await onBox("owner", "ls")).stdout).toBe("queuehost\n");
  });

  test("where the server may delete, its key may too", async () => {
    await it.configure({ "backups.appendOnly": "false" });
    expect(await up()).toContain("~ 1 updated");
    const { stdout } = await onBox("owner", "cat .ssh/authorized_keys");
    expect(stdout).toContain('command="rclone serve restic --stdio queuehost"');
  });

  test("isn't deleted by a destroy, nor by an up that has no use for it", async () => {
    const destroyed = await run("destroy", "--yes", "--skip-preview");
    expect(destroyed.exitCode).not.toBe(0);
    const away = ["backups.to", "backups.password", "backups.appendOnly"].map((key) => `queuehost:${key}`);
    await run("config", "rm-all", ...away);
    const output = await up();
    expect(output).toContain("it stays, with the backups on it");
    expect(output).not.toMatch(/deleted|replaced/);
    expect(await boxes()).toHaveLength(1);
    expect((await onBox("owner", "ls")).stdout).toBe("queuehost\n");
  });
});
