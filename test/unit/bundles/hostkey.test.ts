import { expect, test } from "vitest";
import { hostKeyBundle } from "../../../infra/bundles/hostkey";

const key = {
  privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
  publicKey: "ssh-ed25519 AAAA",
};

test("holds the pair as sshd wants it, the private half for root alone", () => {
  const { files } = hostKeyBundle(key);
  expect(files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
    "755 apply.sh",
    "644 lib.sh",
    "600 ssh_host_ed25519_key",
    "644 ssh_host_ed25519_key.pub",
  ]);
  expect(files[2]?.content).toBe(`${key.privateKey}\n`);
  expect(files[3]?.content).toBe("ssh-ed25519 AAAA\n");
});

test("another key is another bundle, a line break at its end is not", () => {
  const { digest } = hostKeyBundle(key);
  expect(hostKeyBundle({ ...key, privateKey: `${key.privateKey}\n` }).digest).toBe(digest);
  expect(hostKeyBundle({ ...key, publicKey: "ssh-ed25519 BBBB" }).digest).not.toBe(digest);
});
