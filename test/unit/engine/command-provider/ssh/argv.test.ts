import { expect, test } from "vitest";
import { knownHosts, sftpArgs, sshArgs, uploadBatch } from "../../../../../scripts/engine/command-provider/ssh/argv";
import type { SshConnection } from "../../../../../scripts/engine/command-provider/ssh/connection";

const CONNECTION: SshConnection = {
  host: "fe80::1%eth0",
  port: 2222,
  user: "deploy",
  privateKey: "PRIVATE",
  hostKey: "ssh-ed25519 AAAAC3 comment",
};
const FILES = { identity: "/tmp/a%b/identity", knownHosts: "/tmp/a%b/known_hosts" };
const OPTIONS = [
  "-F none",
  "-o HostName=fe80::1%%eth0",
  "-o Port=2222",
  "-o User=deploy",
  "-o HostKeyAlias=server",
  "-o HostKeyAlgorithms=ssh-ed25519",
  "-o StrictHostKeyChecking=yes",
  "-o GlobalKnownHostsFile=none",
  "-o UpdateHostKeys=no",
  "-o CheckHostIP=no",
  "-o PreferredAuthentications=publickey",
  "-o ControlPath=none",
  "-o ConnectTimeout=15",
  "-o ServerAliveInterval=15",
  "-o ServerAliveCountMax=3",
  '-o UserKnownHostsFile="/tmp/a%%b/known_hosts"',
  '-o IdentityFile="/tmp/a%%b/identity"',
  "-o IdentitiesOnly=yes",
  "-o IdentityAgent=none",
  "-o BatchMode=yes",
  "-o LogLevel=ERROR",
  "-o LogVerbose=sshconnect2.c:*,clientloop.c:*",
].join(" ");

test("ssh runs a command", () => {
  expect(sshArgs(CONNECTION, FILES, "/tmp/log", "echo 'a b'", ["PULUMI_COMMAND_STDOUT"]).join(" ")).toBe(
    `${OPTIONS} -o RequestTTY=no -o SendEnv=PULUMI_COMMAND_STDOUT -E /tmp/log -- server echo 'a b'`,
  );
});

test("sftp runs a batch", () => {
  expect(sftpArgs(CONNECTION, FILES).join(" ")).toBe(`-b - ${OPTIONS} server`);
});

test("a time-out of 0 is none", () => {
  expect(sftpArgs({ ...CONNECTION, perDialTimeout: 0 }, FILES).join(" ")).not.toContain("ConnectTimeout");
});

test("an RSA host key is asked for without SHA-1", () => {
  const args = sftpArgs({ ...CONNECTION, hostKey: "ssh-rsa AAAAB3" }, FILES);
  expect(args).toContain("HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256");
});

test("known_hosts holds the pinned key alone", () => {
  expect(knownHosts(CONNECTION)).toBe("server ssh-ed25519 AAAAC3\n");
});

test("an upload makes the folders on its way", () => {
  expect(uploadBatch("/tmp/x/it", '/srv/a b/"c"')).toBe(
    ['-mkdir "/srv"', '-mkdir "/srv/a b"', 'put "/tmp/x/it" "/srv/a b/\\"c\\""', ""].join("\n"),
  );
  expect(uploadBatch("/tmp/x/it", "./it")).toBe('put "/tmp/x/it" "./it"\n');
});
