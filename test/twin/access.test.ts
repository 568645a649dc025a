import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack } from "../../infra/bundles/bundle";
import { hardeningBundle } from "../../infra/bundles/hardening";
import { tellServer, tellServerTheEnd } from "../../scripts/access/server";
import { runOverSsh } from "../../scripts/engine/command-provider";
import type { Subject } from "../../scripts/verification/check";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

const UNPACK = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";
const OPTIONS = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"].flatMap(
  (option) => ["-o", option],
);

useTwin((twin) => {
  let subject: Subject;
  /** A machine whose address the server's ranges don't name; the cloud lets it in. */
  let away: string;
  const children: ChildProcess[] = [];

  const fromAway = (command: string) =>
    `ssh ${OPTIONS.join(" ")} -o ConnectTimeout=3 -i /root/key deploy@${subject.host} '${command}'`;
  /** On the server as root, from this computer, which its ranges name. */
  const onServer = async (command: string, stdin = "") => {
    const { exitCode, stdout, stderr } = await runOverSsh(subject, { command: `sudo -n ${command}`, stdin });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const isRunning = (name: string) => onServer(`pgrep -f "^${name} 300"`).then(Boolean, () => false);
  /** A session that is open from away, until it ends by itself or for want of a way. */
  const session = async (name: string): Promise<ChildProcess> => {
    const child = spawn("ssh", ["-i", twin.keyFile, ...OPTIONS, `root@${away}`, fromAway(`exec -a ${name} sleep 300`)]);
    children.push(child);
    await waitFor(`the session ${name}`, () => isRunning(name));
    return child;
  };
  /** Types something into it: a session that is cut off notices by that. */
  const hasEnded = (child: ChildProcess) => {
    child.stdin?.write("\n");
    return child.exitCode !== null;
  };
  const guests = async () => (await onServer("nft list set inet queuehost guests4")).replaceAll(/\s+/g, " ");
  const applied = async (...ranges: string[]) => {
    const sshAllowedFrom = [`${twin.running.operatorAddress}/32`, ...ranges];
    return pack(hardeningBundle({ authorizedKeys: [twin.publicKey], sshAllowedFrom, packages: [] }));
  };

  beforeAll(async () => {
    const [server, other] = await Promise.all([twin.server("server"), twin.server("away")]);
    away = other.ip;
    const { ip } = server;
    await twin.ssh(ip, "ssh-keygen -A; useradd --create-home --shell /bin/bash deploy");
    const hostKey = await twin.ssh(ip, "cat /etc/ssh/ssh_host_ed25519_key.pub");
    await twin.ssh(ip, `echo ${await applied()} | sh -c '${UNPACK}'`);
    await twin.ssh(away, `umask 077; cat >/root/key <<'KEY'\n${readFileSync(twin.keyFile, "utf8")}KEY`);
    subject = { host: ip, user: "deploy", privateKey: readFileSync(twin.keyFile, "utf8"), hostKey } as Subject;
  });
  afterAll(() => {
    for (const child of children) child.kill();
  });

  test("an address that no range names is a guest, and stays for half a day at most", async () => {
    expect(await twin.ssh(away, fromAway("echo in"))).toBe("in");
    expect(await guests()).toMatch(new RegExp(`elements = \\{ ${away} expires 11h5\\dm`));
    // This computer's is named.
    expect(await guests()).not.toContain(twin.running.operatorAddress);
  });

  test("new ranges leave the guests their sessions", async () => {
    const child = await session("survivor");
    expect(await onServer(`sh -c '${UNPACK}'`, await applied("203.0.113.0/24"))).toContain("firewall loaded");
    expect(await guests()).toContain(away);
    expect(hasEnded(child)).toBe(false);
    expect(await twin.ssh(away, fromAway("echo in"))).toBe("in");
    child.kill();
  });

  test("a guest's session ends when the server was told to, without anybody's doing", async () => {
    const child = await session("visitor");
    await tellServer(subject, away, 4, "tests");
    expect(hasEnded(child)).toBe(false);
    await waitFor("the guest's session to end", () => hasEnded(child));
    expect(await guests()).not.toContain(away);
    expect(await onServer("true")).toBe("");
  });

  test("a guest who is shut out is out within seconds", async () => {
    await tellServer(subject, away, 3600, "tests");
    expect(await guests()).toContain(`${away} timeout 1h`);
    const child = await session("leaver");
    await tellServerTheEnd(subject, away, "tests");
    await waitFor("the guest's session to end", () => hasEnded(child), 15);
  });
});
