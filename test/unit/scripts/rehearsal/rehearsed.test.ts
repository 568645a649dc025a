import { expect, test } from "vitest";
import type { Pulumi } from "../../../../scripts/lib/pulumi";
import { rehearse } from "../../../../scripts/rehearsal/rehearsed";

/** What a rehearsal gets of a stack's configuration; `own` is what it has already. */
async function taken(
  configured: Readonly<Record<string, string>>,
  withData = false,
  own: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const asked = (values: Readonly<Record<string, string>>) =>
    new Map(
      Object.entries(values).map(([key, value]) => [`queuehost:${key}`, { value, secret: key.includes("password") }]),
    );
  const got: Record<string, string> = { ...own };
  const other = { stack: "production", configured: async () => asked(configured) };
  const rehearsal = {
    configured: async () => asked(own),
    read: async (args: readonly string[]) => {
      for (const key of args.slice(2)) delete got[key.replace("queuehost:", "")];
      return "";
    },
    configure: async (plain: Record<string, string>, secrets: Record<string, string>) => {
      for (const [key, value] of Object.entries({ ...plain, ...secrets })) got[key.replace("queuehost:", "")] = value;
    },
  };
  await rehearse(other as unknown as Pulumi, rehearsal as unknown as Pulumi, {}, () => {}, withData);
  return got;
}

const S3 = {
  "backups.to": "s3:https://bucket.example.org/real",
  "backups.password": "p",
  "backups.s3.accessKeyId": "a",
  "backups.s3.secretAccessKey": "s",
  "backups.appendOnly": "true",
};

test("a bucket or a folder of the stack's is none of the rehearsal's", async () => {
  expect(await taken({ ...S3, "env.MODE": "live", "backups.schedule": "daily" })).toEqual({
    "env.MODE": "live",
    "backups.schedule": "daily",
  });
  expect(await taken({ "backups.to": "/mnt/backups", "backups.password": "p" })).toEqual({});
  // One that it got before.
  expect(await taken(S3, false, S3)).toEqual({});
});

test("a Storage Box is one of the twin's, unless data are rehearsed", async () => {
  const box = { "backups.to": "storage-box", "backups.password": "p" };
  expect(await taken(box)).toEqual(box);
  expect(await taken(box, true)).toEqual({ "watch.seconds": "0", "backups.keep": "100" });
});

test("whether a rehearsal is asked for and which release is held are the stack's own", async () => {
  expect(await taken({ requireRehearsal: "true", "app.release": "0123456789ab", "server.protect": "true" })).toEqual(
    {},
  );
  const own = { "storageBox.hostKey": "ssh-ed25519 of-the-twin" };
  expect(await taken({ "storageBox.hostKey": "ssh-ed25519 of-hetzner" }, false, own)).toEqual(own);
});
