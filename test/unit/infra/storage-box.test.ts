import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { authorizedKeys, passwordFrom } from "../../../infra/components/storage-box";
import { assertNone, type Boxes } from "../../../infra/config/storage-box";
import { password } from "../../../twin/handlers/storage-boxes";

test("the password has what Hetzner asks for, and is the key's own", () => {
  for (const key of ["a", "b", "c"]) expect(password.safeParse(passwordFrom(key)).error).toBeUndefined();
  expect(passwordFrom("a")).toBe(passwordFrom("a"));
  expect(passwordFrom("a")).not.toBe(passwordFrom("b"));
});

test("the owner is let in to everything, the server to restic's protocol, without deleting where that is asked for", async () => {
  const lines = (appendOnly: boolean) => {
    const key = (publicKey: string) => ({ publicKey: pulumi.output(publicKey) });
    return new Promise((settle) =>
      authorizedKeys(key("ssh-ed25519 O"), key("ssh-ed25519 S"), appendOnly).apply(settle),
    );
  };
  expect(await lines(true)).toBe(
    'ssh-ed25519 O\nrestrict,command="rclone serve restic --stdio --append-only queuehost" ssh-ed25519 S\n',
  );
  expect(await lines(false)).toBe(
    'ssh-ed25519 O\nrestrict,command="rclone serve restic --stdio queuehost" ssh-ed25519 S\n',
  );
});

test("one of the stack's own that the state doesn't know is named, not doubled; others are nobody's business", () => {
  const wanted = { stack: "staging", project: "shop", "server.name": "web", "backups.to": "storage-box" } as const;
  const labels = { "managed-by": "queuehost", stack: "staging", project: "shop" };
  const look =
    (...found: Boxes) =>
    () =>
      assertNone(wanted, found);
  expect(look({ id: 7, name: "web", labels })).toThrow(/a Storage Box web \(7\) of a stack staging is there already/);
  for (const other of [
    { id: 7, name: "web-2", labels },
    { id: 7, name: "web", labels: { ...labels, stack: "production" } },
    { id: 7, name: "web", labels: { ...labels, project: "blog" } },
    { id: 7, name: "web", labels: {} },
  ])
    expect(look(other)).not.toThrow();
});
