import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { AwaySettings, BoxTarget } from "../../../infra/bundles/backups";
import { runOverSsh } from "../../../scripts/engine/command-provider";
import type { BoxOwner } from "../../../scripts/verification/check";
import { waitFor } from "../../support/wait-for";
import type { TestTwin } from "./twin";

/** As the program configures backups off the server, to one of the targets. */
export const awayTo = (target: AwaySettings["target"], changes: Partial<AwaySettings> = {}): AwaySettings => ({
  target,
  from: "tiny-server",
  password: "correct-horse-battery",
  appendOnly: false,
  bandwidth: 0,
  check: "yearly",
  checkData: 100,
  ...changes,
});

/** A Storage Box of the twin's. */
export interface TestBox {
  readonly owner: BoxOwner;
  readonly target: BoxTarget;
  /** Bytes; null is as many as it was ordered with. */
  readonly resize: (bytes: number | null) => Promise<unknown>;
}

/** Orders a Storage Box, with the test's key as the owner's, and lets the server's key add to it. */
export async function makeBox(twin: TestTwin): Promise<TestBox> {
  const { status, body } = await twin.call("POST", "/storage_boxes", {
    name: "backups",
    storage_box_type: "bx11",
    location: "fsn1",
    password: "Correct-horse-4-battery",
    ssh_keys: [twin.publicKey],
    access_settings: { ssh_enabled: true, reachable_externally: true },
  });
  expect(status, JSON.stringify(body)).toBe(201);
  const get = async () => (await twin.call("GET", `/storage_boxes/${body.storage_box.id}`)).body.storage_box;
  // The first on a computer has an image made for it.
  await waitFor("the Storage Box", async () => (await get()).status === "active", 180);
  const { server: host, username: user } = await get();
  const keyFile = join(twin.stateDir, "server-key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  const read = (path: string) => readFileSync(path, "utf8");
  const hostKey = twin.running.boxHostKey;
  const at = { host, port: 23, user, hostKey };
  const keys = `${twin.publicKey}\nrestrict,command="rclone serve restic --stdio --append-only queuehost" ${read(`${keyFile}.pub`)}`;
  const owner = { ...at, ownerKey: read(twin.keyFile), appendOnly: true };
  await waitFor(
    "sshd of the Storage Box",
    async () => {
      const connection = { ...at, privateKey: owner.ownerKey, dialErrorLimit: 1 };
      const { exitCode } = await runOverSsh(connection, {
        command: "dd of=.ssh/authorized_keys",
        stdin: keys,
        timeoutMs: 10_000,
      });
      return exitCode === 0;
    },
    30,
  );
  return {
    owner,
    target: { kind: "box", ...at, privateKey: read(keyFile), folder: "queuehost" },
    resize: (size) =>
      fetch(twin.running.endpoint.replace(/\/v1$/, `/twin/storage-boxes/${body.storage_box.id}`), {
        method: "PUT",
        headers: { authorization: `Bearer ${twin.token}`, "content-type": "application/json" },
        body: JSON.stringify({ size }),
      }),
  };
}
