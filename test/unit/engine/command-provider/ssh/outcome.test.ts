import { expect, test } from "vitest";
import type { Ended } from "../../../../../scripts/engine/command-provider/process";
import { outcome, sftpComplaints } from "../../../../../scripts/engine/command-provider/ssh/outcome";

const ENDED: Ended = { code: 255, signal: null, cancelled: false, stdout: "", stderr: "", output: "" };
const AUTHENTICATED =
  'sshconnect2.c:ssh_userauth2():580 (pid=7): Authenticated to 10.0.0.1 ([10.0.0.1]:22) using "publickey".';
const STATUS = (status: number) => `debug1: clientloop.c:client_loop():1531 (pid=7): Exit status ${status}`;
const read = (...lines: string[]) => outcome(ENDED, lines.join("\n"));

// Each log is what OpenSSH 9.2 wrote, shortened to the lines that matter.
test("a command that ended, with 255 too", () => {
  expect(read(AUTHENTICATED, STATUS(0))).toEqual({ kind: "exited", code: 0 });
  expect(read(AUTHENTICATED, STATUS(255))).toEqual({ kind: "exited", code: 255 });
});

test("a command that a signal ended", () => {
  const request =
    "debug1: clientloop.c:client_input_channel_req():1821 (pid=7): client_input_channel_req: channel 0 rtype exit-signal reply 0";
  expect(read(AUTHENTICATED, request, STATUS(-1))).toEqual({ kind: "signalled" });
});

test("a connection that broke", () => {
  expect(read(AUTHENTICATED, "Timeout, server 10.0.0.1 not responding.")).toEqual({
    kind: "lost",
    reason: "Timeout, server 10.0.0.1 not responding",
  });
});

test("a machine that doesn't answer, or doesn't know the key", () => {
  expect(read("ssh: connect to host 10.0.0.1 port 22: Connection refused")).toEqual({
    kind: "unreachable",
    reason: "connect to host 10.0.0.1 port 22: Connection refused",
  });
  expect(read("sshconnect2.c:userauth():640 (pid=7): deploy@10.0.0.1: Permission denied (publickey).")).toEqual({
    kind: "unreachable",
    reason: "Permission denied (publickey)",
  });
});

test("another host key", () => {
  expect(
    read(
      "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
      "The fingerprint for the ED25519 key sent by the remote host is",
      "SHA256:/7KcyCiM/jU/wXGDc3laT4ihL9ef2pPjDl+O7lkITSM.",
      "sshconnect2.c:verify_host_key_callback():109 (pid=7): Host key verification failed.",
    ),
  ).toEqual({ kind: "hostKey", reason: "it shows SHA256:/7KcyCiM/jU/wXGDc3laT4ihL9ef2pPjDl+O7lkITSM" });
  expect(
    read("Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa"),
  ).toEqual({
    kind: "hostKey",
    reason: "no matching host key type found. Their offer: ssh-rsa",
  });
});

test("an unreadable private key", () => {
  expect(
    read(
      'sshconnect2.c:load_identity_file():1752 (pid=7): Load key "/tmp/x/identity": error in libcrypto',
      "sshconnect2.c:userauth():640 (pid=7): deploy@10.0.0.1: Permission denied (publickey).",
    ),
  ).toEqual({ kind: "privateKey", reason: "error in libcrypto" });
});

test("a client that is too old", () => {
  expect(read("command-line: line 0: Bad configuration option: logverbose")).toEqual({
    kind: "client",
    reason: "logverbose",
  });
});

test("cancelled, whatever the log says", () => {
  expect(outcome({ ...ENDED, cancelled: true }, AUTHENTICATED)).toEqual({ kind: "cancelled" });
});

test("what sftp says, between the lines of ssh", () => {
  const log = [AUTHENTICATED, 'remote mkdir "/srv": Failure', 'dest open "/srv/x": Permission denied', STATUS(0)];
  expect(sftpComplaints(log.join("\n"))).toBe('dest open "/srv/x": Permission denied');
});
