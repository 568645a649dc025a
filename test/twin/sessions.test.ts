import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack } from "../../infra/bundles/bundle";
import { hardeningBundle } from "../../infra/bundles/hardening";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

const UNPACK = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";
const OPTIONS = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];

useTwin((twin) => {
  let ip: string;
  const sessions: ChildProcess[] = [];

  const fileOf = (person: string) => (person === "deployment" ? twin.keyFile : join(twin.stateDir, person));
  const argsOf = (person: string, command: string) => [
    ...OPTIONS.flatMap((option) => ["-o", option]),
    ...["-i", fileOf(person), `deploy@${ip}`, command],
  ];
  const run = async (person: string, command: string) =>
    (await promisify(execFile)("ssh", argsOf(person, command))).stdout.trim();
  const applied = async (...people: string[]) => {
    const authorizedKeys = people.map((person) => readFileSync(`${fileOf(person)}.pub`, "utf8"));
    const bundle = hardeningBundle({ authorizedKeys, sshAllowedFrom: ["0.0.0.0/0"], packages: [] });
    return `echo ${await pack(bundle)} | sudo /bin/sh -c '${UNPACK}'`;
  };
  /** A session that goes on, and a process in its background; both can be found by the person's name. */
  const open = async (person: string) => {
    const session = spawn("ssh", argsOf(person, `exec -a ${person}-behind sleep 900 & exec -a ${person} sleep 900`));
    sessions.push(session);
    await waitFor(`the session of ${person}`, () => running(person), 10);
    return session;
  };
  const running = async (name: string) => (await run("deployment", `pgrep -f '^${name} 900' || true`)) !== "";

  beforeAll(async () => {
    for (const person of ["anna", "bert"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", fileOf(person)]);
    ({ ip } = await twin.server("sessions"));
    await twin.ssh(ip, "ssh-keygen -A; useradd --create-home --shell /bin/bash deploy");
    await twin.ssh(ip, await applied("deployment", "anna", "bert"));
  });
  afterAll(() => {
    for (const session of sessions) session.kill();
  });

  test("a key that is taken out ends its sessions, with what they left in the background, and no others", async () => {
    const anna = await open("anna");
    const bert = await open("bert");
    const said = await run("deployment", await applied("deployment", "anna"));
    expect(said).toMatch(/^ended a session of deploy: its key is no longer there \(SHA256:\S+\)$/m);
    await waitFor("the end of bert's session", async () => bert.exitCode !== null, 10);
    expect(await Promise.all(["bert", "bert-behind", "anna", "anna-behind"].map(running))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(anna.exitCode).toBeNull();
  });

  test("nothing ends where no key was taken out", async () => {
    expect(await run("deployment", await applied("deployment", "anna", "bert"))).not.toContain("ended");
    expect(await running("anna")).toBe(true);
  });

  test("a session of which no log tells the key ends with the next key that is taken out", async () => {
    await run(
      "deployment",
      "sudo rm -rf /run/log/journal/* /var/log/journal/*; sudo systemctl restart systemd-journald",
    );
    expect(await run("deployment", await applied("deployment", "anna", "bert"))).not.toContain("ended");
    expect(await run("deployment", await applied("deployment", "anna"))).toContain("ended a session of deploy");
    expect(await running("anna")).toBe(false);
  });
});
