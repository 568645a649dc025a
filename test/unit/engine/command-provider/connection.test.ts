import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../../../support/wait-for";
import { Provider } from "./client";
import { COMMAND, describeRemote } from "./remote";
import { Sshd } from "./sshd";

describeRemote("the connection", (remote) => {
  test("to another host key ends at once, and nothing is run", async () => {
    const file = join(remote.folder, "ran-nevertheless");
    const pinned = { ...remote.connection, hostKey: remote.sshd.read("other-host.pub").trim(), dialErrorLimit: -1 };
    await expect(remote.create({ connection: pinned, create: `touch ${file}` })).rejects.toThrow(
      /shows another host key than the pinned one \(connection.hostKey\): it shows SHA256:\S+\. Nothing was sent to it\./,
    );
    expect(existsSync(file)).toBe(false);
  });

  test("with a key that the server doesn't know is refused in the end, by name", async () => {
    const stranger = { ...remote.connection, privateKey: remote.sshd.read("stranger"), dialErrorLimit: 1 };
    await expect(remote.create({ connection: stranger, create: "true" })).rejects.toThrow(
      /^can't connect to \S+@127.0.0.1:\d+ \(2 attempts in \d+ s\): Permission denied \(publickey.*\); does the server know the key/,
    );
  });

  test("with a private key that can't be read ends at once", async () => {
    remote.sshd.makeKey("locked", "passphrase");
    const faults = {
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----":
        /^connection.privateKey: OpenSSH can't read it: /,
      [remote.sshd.read("locked")]:
        /^connection.privateKey: should be .* without passphrase, got one with a passphrase$/,
    };
    for (const [privateKey, fault] of Object.entries(faults)) {
      const unreadable = { ...remote.connection, privateKey, dialErrorLimit: -1 };
      await expect(remote.create({ connection: unreadable, create: "true" })).rejects.toThrow(fault);
    }
  });

  test("is tried again until the machine is there, and says so meanwhile", async () => {
    const late = await Sshd.make();
    const made = remote.create({ connection: { ...late.connection, dialErrorLimit: 60 }, create: "echo up" }, "late");
    const lines = () => remote.logged("late");
    await waitFor("two failed attempts", () => lines().length >= 2);
    await late.start();
    expect((await made).state.stdout).toBe("up");
    expect(lines()[0]?.message).toBe(
      `connect to host 127.0.0.1 port ${late.port}: Connection refused; attempt 2 of 61 in 0.3 s`,
    );
    await late.stop();
  });

  test("to a machine that is silent is given up after its time", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await waitFor("the port", () => silent.listening);
    const { port } = silent.address() as { port: number };
    await expect(
      remote.create({ connection: { ...remote.connection, port, perDialTimeout: 1 }, create: "true" }),
    ).rejects.toThrow(
      /can't connect to \S+ \(1 attempt\): Connection timed out during banner exchange|Connection to .* timed out/,
    );
    silent.close();
  });

  test("by a client that is missing or too old ends at once, and says so", async () => {
    const bin = mkdtempSync(join(remote.folder, "bin-"));
    symlinkSync(process.execPath, join(bin, "node"));
    symlinkSync("/usr/bin/dirname", join(bin, "dirname"));
    const own = await Provider.start(remote.program, { PATH: bin });
    const made = () =>
      own.create(COMMAND, { connection: { ...remote.connection, dialErrorLimit: -1 }, create: "true" });
    await expect(made()).rejects.toThrow("ssh isn't installed; on Debian: apt-get install openssh-client");
    // An ssh of before 2021 in all that matters here: the real one, asked for an option that it doesn't know.
    const ssh = '#!/bin/sh\nexec /usr/bin/ssh -o LogVerbos=x "$@"\n';
    writeFileSync(join(bin, "ssh"), ssh, { mode: 0o755 });
    await expect(made()).rejects.toThrow(
      /OpenSSH client of this machine doesn't know the option logverbos; 8.5 or later/,
    );
    await own.stop();
  });

  test("that breaks while the command runs is told as that, and not tried again", async () => {
    const file = join(remote.folder, "broken");
    // The parent of the command's shell is the server's process of this very session.
    const made = remote.create({
      create: `echo run >>${file}; kill -9 $PPID; sleep 5`,
      connection: { ...remote.connection, dialErrorLimit: 5 },
    });
    await expect(made).rejects.toThrow(/^lost the connection to \S+, the command may still be running there: /);
    expect(readFileSync(file, "utf8")).toBe("run\n");
  });
});
