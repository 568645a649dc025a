import { expect, test } from "vitest";
import { parseBackups } from "../../../../../scripts/backups/records";
import type { BackupServer } from "../../../../../scripts/backups/server";
import { sourceOf } from "../../../../../scripts/environment/rescue/source";
import type { Pulumi } from "../../../../../scripts/lib/pulumi";

const stackTo = (to: string): Pulumi => {
  const stdout = JSON.stringify({ "queuehost:backups.to": { value: to } });
  return { stack: "staging", run: async () => ({ exitCode: 0, stdout, output: stdout }) } as unknown as Pulumi;
};
const server = {} as BackupServer;
const screen = { say: () => {}, stdout: 2 } as const;
const address = "203.0.113.7";
const there = { server: "there", id: "42" } as const;
const gone = { server: "gone", id: "42" } as const;
const listed = parseBackups("set\t20261122-030004\t100\nmade\t1\nproved\t1\nredis\t8\nkeys\t1\n");
const silent = { server, address, silent: "the server queuehost-staging (42) no longer exists at Hetzner" };

test("of a server that answers, what is on it now or the backup that is named", async () => {
  const left = { server, address, listed };
  expect(await sourceOf(stackTo(""), there, left, "latest", false, screen)).toEqual({
    place: undefined,
    answers: true,
    last: true,
  });
  expect(await sourceOf(stackTo("storage-box"), there, left, "20261122", false, screen)).toEqual({
    place: "storage-box",
    answers: true,
    last: true,
    id: "20261122-030004",
  });
  expect(await sourceOf(stackTo(""), there, left, "latest", true, screen)).toEqual({
    place: undefined,
    answers: true,
    last: false,
    id: "20261122-030004",
  });
  await expect(sourceOf(stackTo(""), there, left, "20261101", false, screen)).rejects.toThrow(
    /should be latest, a backup's id or its date/,
  );
});

test("of one that is gone, what is off it", async () => {
  expect(await sourceOf(stackTo("s3:https://host/bucket"), gone, silent, "latest", false, screen)).toEqual({
    place: "s3:https://host/bucket",
    answers: false,
    last: false,
  });
  expect(await sourceOf(stackTo("s3:https://host/bucket"), gone, undefined, "20261122", false, screen)).toMatchObject({
    id: "20261122",
  });
});

test.each(["", "/mnt/volume"])("of one that is gone nothing, where backups.to is '%s'", async (to) => {
  await expect(sourceOf(stackTo(to), gone, silent, "latest", false, screen)).rejects.toThrow(
    /^There is nothing to restore from: the server \S+ \(42\) no longer exists at Hetzner, .*\. Nothing was touched\. A new server without data: .* recreate --stack staging$/,
  );
});

test("of one that serves, though ssh doesn't reach it, nothing", async () => {
  const left = { server, address, silent: "The server can't be asked: time-out", serves: "https://shop.example" };
  await expect(sourceOf(stackTo("storage-box"), there, left, "latest", false, screen)).rejects.toThrow(
    /^The server serves at https:\/\/shop\.example; only ssh .* Nothing was touched\. Let this computer in: .* allow-me --stack staging\. .* switch it off first\.$/,
  );
  const older = { server, address, refuses: "203.0.113.7 was brought up by an earlier version" };
  await expect(sourceOf(stackTo("storage-box"), there, older, "latest", false, screen)).rejects.toThrow(
    /earlier version\nNothing was touched\.$/,
  );
});

test("of one that is there and silent, what is off it, where somebody says that the rest is lost", async () => {
  const left = { server, address, silent: "The server can't be asked: time-out" };
  const of = (withoutLast: boolean) =>
    sourceOf(stackTo("s3:https://host/bucket"), { ...there, name: "shop" }, left, "latest", withoutLast, screen);
  await expect(of(false)).rejects.toThrow(
    /^The server shop \(42\) is there, and doesn't answer: .* Nothing was touched\. .* --restore latest --without-last$/,
  );
  expect(await of(true)).toEqual({ place: "s3:https://host/bucket", answers: false, last: false });
});
