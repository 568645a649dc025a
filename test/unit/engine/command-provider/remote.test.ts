import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCommandProvider, runOverSsh, SshError, withSsh } from "../../../../scripts/engine/command-provider";
import { type Props, secret } from "../../../../scripts/engine/command-provider/values";
import { Provider, urn } from "./client";
import { Sshd, WITHOUT_SSHD } from "./sshd";
import { waitFor } from "./wait";

const COMMAND = "command:remote:Command";
const COPY = "command:remote:CopyToRemote";

describe.skipIf(WITHOUT_SSHD)(["over SSH", WITHOUT_SSHD].filter(Boolean).join(", "), () => {
  let folder = "";
  /** Where this suite's temporary files are, the provider's keys included. */
  let temporary = "";
  let provider: Provider;
  let sshd: Sshd;
  let connection: Props;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "remote-"));
    temporary = join(folder, "tmp with % and space");
    mkdirSync(temporary);
    await installCommandProvider(folder);
    const program = join(folder, "resource-command-v1.2.1", "pulumi-resource-command");
    provider = await Provider.start(program, { ...process.env, TMPDIR: temporary });
    sshd = await (await Sshd.make(["AcceptEnv PULUMI_COMMAND_STDOUT"])).start();
    connection = sshd.connection;
  });

  afterAll(async () => {
    await provider.stop();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = (inputs: Props, name = "it") => provider.create(COMMAND, { connection, ...inputs }, false, name);

  describe("a remote command", () => {
    test("runs there, with its input, and its output is state", async () => {
      const inputs = { connection: secret(connection), create: "cat; echo oops >&2", stdin: secret("input\n") };
      const { id, state } = await provider.create(COMMAND, inputs);
      expect(id).toMatch(/^it[0-9a-f]{8}$/);
      expect(state).toEqual({ ...inputs, stdout: "input", stderr: "oops" });
    });

    test("arrives as it was written", async () => {
      const text = `'single' "double" \\back %h %% $((1+1)) é`;
      const { state } = await create({ create: `cat <<'END'\n${text}\nEND\n` });
      expect(state.stdout).toBe(text);
    });

    test("takes more input than a pipe holds, and one that nobody reads", async () => {
      const stdin = "x".repeat(3_000_000);
      expect((await create({ create: "wc -c", stdin })).state.stdout).toBe("3000000");
      expect((await create({ create: "echo done", stdin })).state.stdout).toBe("done");
    });

    test("updates by its update command, and sees the last output where the server accepts it", async () => {
      const state = { connection, create: "false", stdout: "made", stderr: "noise" };
      const update = "echo $PULUMI_COMMAND_STDOUT+$PULUMI_COMMAND_STDERR";
      const run = async (news: Props) => (await provider.update(COMMAND, {}, state, { connection, ...news })).stdout;
      expect(await run({ create: "false", update })).toBe("made+");
      expect(await run({ create: update, addPreviousOutputInEnv: false })).toBe("+");
    });

    test("runs when it is deleted; without a command there is no connection", async () => {
      const file = join(folder, "deleted");
      await provider.delete(COMMAND, { connection, delete: `echo gone >${file}`, stdout: "", stderr: "" });
      expect(readFileSync(file, "utf8")).toBe("gone\n");
      await provider.delete(COMMAND, { connection: { ...connection, port: 1 }, stdout: "", stderr: "" });
    });

    test("that fails is told with its status and what it wrote, 255 included", async () => {
      await expect(create({ create: "echo out; echo err >&2; exit 255", logging: "none" })).rejects.toThrow(
        'Process exited with status 255: running "echo out; echo err >&2; exit 255":\nerr\n',
      );
      await expect(create({ create: "kill -9 $$" })).rejects.toThrow(
        'Process ended by a signal: running "kill -9 $$":\n',
      );
    });

    test("logs its lines while it runs, and not the server's banner", async () => {
      await create({ create: "echo one; echo two >&2" }, "lines");
      const lines = provider.logged.filter((line) => line.urn === urn(COMMAND, "lines"));
      expect(lines.map(({ message }) => message).sort()).toEqual(["one", "two"]);
      await create({ create: "echo one" }, "quiet");
      await create({ create: "echo one", logging: "none" }, "silent");
      expect(provider.logged.filter((line) => line.urn === urn(COMMAND, "silent"))).toEqual([]);
    });
  });

  describe("the connection", () => {
    test("to another host key ends at once, and nothing is run", async () => {
      const file = join(folder, "ran-nevertheless");
      const pinned = { ...connection, hostKey: sshd.read("other-host.pub").trim(), dialErrorLimit: -1 };
      await expect(create({ connection: pinned, create: `touch ${file}` })).rejects.toThrow(
        /shows another host key than the pinned one \(connection.hostKey\): it shows SHA256:\S+\. Nothing was sent to it\./,
      );
      expect(existsSync(file)).toBe(false);
    });

    test("with a key that the server doesn't know is refused in the end, by name", async () => {
      const stranger = { ...connection, privateKey: sshd.read("stranger"), dialErrorLimit: 1 };
      await expect(create({ connection: stranger, create: "true" })).rejects.toThrow(
        /^can't connect to \S+@127.0.0.1:\d+ \(2 attempts in \d+ s\): Permission denied \(publickey.*\); does the server know the key/,
      );
    });

    test("with a private key that can't be read ends at once", async () => {
      sshd.makeKey("locked", "passphrase");
      const faults = {
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----":
          /^connection.privateKey: OpenSSH can't read it: /,
        [sshd.read("locked")]: /^connection.privateKey: should be .* without passphrase, got one with a passphrase$/,
      };
      for (const [privateKey, fault] of Object.entries(faults)) {
        const unreadable = { ...connection, privateKey, dialErrorLimit: -1 };
        await expect(create({ connection: unreadable, create: "true" })).rejects.toThrow(fault);
      }
    });

    test("is tried again until the machine is there, and says so meanwhile", async () => {
      const late = await Sshd.make();
      const made = create({ connection: { ...late.connection, dialErrorLimit: 60 }, create: "echo up" }, "late");
      const lines = () => provider.logged.filter((line) => line.urn === urn(COMMAND, "late"));
      await waitFor("two failed attempts", () => lines().length >= 2);
      await late.start();
      expect((await made).state.stdout).toBe("up");
      expect(lines()[0]?.message).toBe(
        `connect to host 127.0.0.1 port ${late.port}: Connection refused; attempt 2 of 61 in 0.3 s`,
      );
      await late.stop();
    });

    test("to a machine that is silent is given up after its time", async () => {
      const { createServer } = await import("node:net");
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      await waitFor("the port", () => silent.listening);
      const { port } = silent.address() as { port: number };
      await expect(create({ connection: { ...connection, port, perDialTimeout: 1 }, create: "true" })).rejects.toThrow(
        /can't connect to \S+ \(1 attempt\): Connection timed out during banner exchange|Connection to .* timed out/,
      );
      silent.close();
    });

    test("by a client that is missing or too old ends at once, and says so", async () => {
      const program = join(folder, "resource-command-v1.2.1", "pulumi-resource-command");
      const bin = mkdtempSync(join(folder, "bin-"));
      symlinkSync(process.execPath, join(bin, "node"));
      symlinkSync("/usr/bin/dirname", join(bin, "dirname"));
      const own = await Provider.start(program, { PATH: bin });
      const made = () => own.create(COMMAND, { connection: { ...connection, dialErrorLimit: -1 }, create: "true" });
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
      const file = join(folder, "broken");
      // The parent of the command's shell is the server's process of this very session.
      const made = create({
        create: `echo run >>${file}; kill -9 $PPID; sleep 5`,
        connection: { ...connection, dialErrorLimit: 5 },
      });
      await expect(made).rejects.toThrow(/^lost the connection to \S+, the command may still be running there: /);
      expect(readFileSync(file, "utf8")).toBe("run\n");
    });
  });

  describe("secrets", () => {
    test("are in no argument of any process, and their files are private and gone afterwards", async () => {
      const file = join(folder, "watched");
      const made = create({ create: `touch ${file}; cat >/dev/null; sleep 1`, stdin: secret("s3cr3t-input") });
      await waitFor("the command's start", () => existsSync(file));
      const [session = ""] = readdirSync(temporary);
      const seen = readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid))
        .map(commandLine);
      expect(seen.some((line) => line.includes(`touch ${file}`))).toBe(true);
      const keyLine = String(connection.privateKey).split("\n")[2] ?? "";
      expect(seen.filter((line) => line.includes("s3cr3t-input") || line.includes(keyLine))).toEqual([]);
      expect(statSync(join(temporary, session)).mode & 0o777).toBe(0o700);
      expect(statSync(join(temporary, session, "identity")).mode & 0o777).toBe(0o600);
      await made;
      expect(readdirSync(temporary)).toEqual([]);
    });

    test("are gone too when a deployment is cancelled, or its engine dies", async () => {
      for (const end of ["cancel", "stop"] as const) {
        const own = await Provider.start(join(folder, "resource-command-v1.2.1", "pulumi-resource-command"), {
          ...process.env,
          TMPDIR: temporary,
        });
        const file = join(folder, `ended-by-${end}`);
        const made = own.create(COMMAND, { connection, create: `touch ${file}; sleep 3` }).catch(String);
        await waitFor("the command's start", () => existsSync(file));
        expect(readdirSync(temporary)).toHaveLength(1);
        await own[end]();
        if (end === "cancel") expect(await made).toMatch(/cancelled while connected or connecting to/);
        expect(readdirSync(temporary)).toEqual([]);
        if (end === "cancel") await own.stop();
      }
    });
  });

  describe("CopyToRemote", () => {
    const file = (path: string): Props => ({
      "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
      path,
      hash: createHash("sha256").update(readFileSync(path)).digest("hex"),
    });
    const source = () => {
      const path = join(folder, 'a "file" [*].bin');
      writeFileSync(path, Buffer.from([0, 1, 2, 255, 10]), { mode: 0o600 });
      return file(path);
    };
    const upload = (remotePath: string) => provider.create(COPY, { connection, source: source(), remotePath });

    test("makes the folders on its way, and a file with the server's default mode", async () => {
      const remotePath = join(folder, 'remote "1"', "b", "file");
      const inputs = { connection: secret(connection), source: source(), remotePath };
      const { id, state } = await provider.create(COPY, inputs);
      expect(id).toMatch(/^[0-9a-f]{8}$/);
      expect(state).toEqual(inputs);
      expect(readFileSync(remotePath)).toEqual(Buffer.from([0, 1, 2, 255, 10]));
      expect(statSync(remotePath).mode & 0o777).toBe(0o666 & ~process.umask());
    });

    test("goes into a folder, and over a file", async () => {
      const target = join(folder, "remote-2");
      mkdirSync(target);
      await upload(target);
      expect(readdirSync(target)).toEqual(['a "file" [*].bin']);
      writeFileSync(join(target, "old"), "much longer than what comes now");
      chmodSync(join(target, "old"), 0o640);
      await upload(join(target, "old"));
      expect(statSync(join(target, "old"))).toMatchObject({ size: 5, mode: 0o100640 });
    });

    test("is sent again when its content or its place changed, and only then", async () => {
      const remotePath = join(folder, "remote-3");
      const { state } = await upload(remotePath);
      rmSync(remotePath);
      await provider.update(COPY, {}, state, { ...state, connection: { ...connection, perDialTimeout: 9 } });
      expect(existsSync(remotePath)).toBe(false);
      await provider.update(COPY, {}, state, { ...state, source: { ...(state.source as Props), hash: "other" } });
      expect(existsSync(remotePath)).toBe(true);
      await provider.update(COPY, {}, state, { ...state, remotePath: `${remotePath}-moved` });
      expect(existsSync(`${remotePath}-moved`)).toBe(true);
    });

    test("says what can't be read or written", async () => {
      await expect(upload("/proc/nowhere/file")).rejects.toThrow(
        /^can't write \/proc\/nowhere\/file on 127.0.0.1: .*dest open/s,
      );
      const missing = { ...source(), path: "/nowhere/file" };
      await expect(provider.create(COPY, { connection, source: missing, remotePath: "/tmp/x" })).rejects.toThrow(
        'source: should be an existing file, got "/nowhere/file"',
      );
    });
  });

  describe("for the rest of the project", () => {
    test("withSsh runs several commands", async () => {
      const codes = await withSsh(sshd.connection, async (session) => [
        (await session.run("exit 7")).code,
        (await session.run("cat", { stdin: "in" })).stdout,
      ]);
      expect(codes).toEqual([7, "in"]);
    });

    test("runOverSsh gives up after its time", async () => {
      expect(await runOverSsh(sshd.connection, { command: "cat; exit 1", stdin: "x" })).toEqual({
        exitCode: 1,
        stdout: "x",
        stderr: "",
      });
      const slow = runOverSsh(sshd.connection, { command: "sleep 20", timeoutMs: 1_000 });
      await expect(slow).rejects.toThrow(new SshError("127.0.0.1 gave no answer within 1 s", "cancelled"));
    });
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
