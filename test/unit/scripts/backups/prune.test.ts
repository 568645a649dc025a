import { expect, test } from "vitest";
import { confined } from "../../../../scripts/backups/box";
import { keysOf } from "../../../../scripts/backups/prune";

const OWNER = "ssh-ed25519 AAAAowner\n";
const SERVER = (option: string) =>
  `restrict,command="rclone serve restic --stdio ${option}queuehost" ssh-ed25519 AAAAserver\n`;

test("the server's key is confined to adding, and let go of that, whichever way it was left", () => {
  for (const left of [SERVER(""), SERVER("--append-only ")]) {
    expect(confined(OWNER + left, true)).toBe(OWNER + SERVER("--append-only "));
    expect(confined(OWNER + left, false)).toBe(OWNER + SERVER(""));
  }
});

test("keys of S3 are taken from the environment, both or none", () => {
  expect(keysOf({})).toBe("");
  expect(keysOf({ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" })).toBe("id\nsecret\n");
  const fault = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: both should be set, each one word.";
  expect(() => keysOf({ AWS_ACCESS_KEY_ID: "id" })).toThrow(fault);
  expect(() => keysOf({ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "a\nb" })).toThrow(fault);
});
