import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCommandProvider } from "../../../../scripts/engine/command-provider";
import { secret, UNKNOWN } from "../../../../scripts/engine/command-provider/values";
import { isRunning } from "../../../../scripts/lib/process.cjs";
import { waitFor } from "../../../support/wait-for";
import { Provider, urn } from "./client";

const COMMAND = "command:local:Command";

let folder = "";
let program = "";
let provider: Provider;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "provider-"));
  await installCommandProvider(folder);
  program = join(folder, "resource-command-v1.2.1", "pulumi-resource-command");
  provider = await Provider.start(program);
});

afterAll(async () => {
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the engine's handshake", () => {
  test("the provider names its version and what it can take", async () => {
    const info = await provider.call<object, { getVersion(): string }>("getPluginInfo", new Empty());
    expect(info.getVersion()).toBe("1.2.1");
    expect(await provider.configure()).toMatchObject({
      acceptsecrets: true,
      supportspreview: true,
      acceptresources: true,
    });
  });

  test("its configuration is kept as the official provider keeps it", async () => {
    expect(await provider.checkConfig({ version: "1.2.1" })).toEqual({
      version: "1.2.1",
      "__pulumi-go-provider-version": "1.2.0",
    });
  });

  test("configured, it says once that it is a stand-in", async () => {
    const own = await Provider.start(program);
    await own.configure();
    await waitFor("the notice", () => own.logged.length > 0);
    await own.stop();
    expect(own.logged).toEqual([
      {
        message: "provider command: stand-in for the official plugin 1.2.1, which could not be downloaded",
        urn: "",
        ephemeral: false,
      },
    ]);
  });

  test("what it doesn't do is refused by name", async () => {
    await expect(provider.call("invoke", new rpc.InvokeRequest())).rejects.toThrow(
      "Invoke is not supported by the stand-in for provider command",
    );
    await expect(provider.check("command:remote:CopyFile", {})).rejects.toThrow(
      "command:remote:CopyFile is not supported by the stand-in; it knows command:local:Command, " +
        "command:remote:Command, command:remote:CopyToRemote",
    );
  });
});

describe("a local command", () => {
  test("runs when it is made, and its output is state", async () => {
    const { id, state } = await provider.create(COMMAND, {
      create: 'cat; echo "$GREETING"; pwd; echo oops >&2',
      stdin: secret("input\n"),
      environment: { GREETING: "hello" },
      dir: "/",
    });
    expect(id).toMatch(/^it[0-9a-f]{8}$/);
    expect(state).toEqual({
      create: 'cat; echo "$GREETING"; pwd; echo oops >&2',
      stdin: secret("input\n"),
      environment: { GREETING: "hello" },
      dir: "/",
      stdout: "input\nhello\n/",
      stderr: "oops",
    });
  });

  test("runs with another interpreter", async () => {
    const { state } = await provider.create(COMMAND, {
      create: "console.log(6*7)",
      interpreter: [process.execPath, "-e"],
    });
    expect(state.stdout).toBe("42");
  });

  test("takes more input than a pipe holds, and one that nobody reads", async () => {
    const stdin = "x".repeat(3_000_000);
    expect((await provider.create(COMMAND, { create: "wc -c", stdin })).state.stdout).toBe("3000000");
    expect((await provider.create(COMMAND, { create: "echo done", stdin })).state.stdout).toBe("done");
  });

  test("without a command nothing runs", async () => {
    expect((await provider.create(COMMAND, {})).state).toEqual({ stdout: "", stderr: "" });
    await provider.delete(COMMAND, { create: "false", stdout: "", stderr: "" });
  });

  test("updates by its update command, else by its create command, which see what the last run wrote", async () => {
    const state = { create: "true", stdout: "made", stderr: "noise" };
    const told = "echo $PULUMI_COMMAND_STDOUT+$PULUMI_COMMAND_STDERR";
    const update = async (news: object) => (await provider.update(COMMAND, {}, state, { ...news })).stdout;
    expect(await update({ create: told })).toBe("made+noise");
    expect(await update({ create: "false", update: told })).toBe("made+noise");
    expect(await update({ create: told, addPreviousOutputInEnv: false })).toBe("+");
    expect(await update({ triggers: [1] })).toBe("made");
  });

  test("in a preview nothing runs, and its output is unknown", async () => {
    const file = join(folder, "made-by-preview");
    const inputs = { create: `touch ${file}`, stdin: UNKNOWN };
    const previewed = { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN };
    expect(await provider.create(COMMAND, inputs, true)).toEqual({ id: "", state: previewed });
    expect(await provider.update(COMMAND, {}, { stdout: "old", stderr: "" }, inputs, true)).toEqual(previewed);
    expect(existsSync(file)).toBe(false);
  });

  test("runs when it is deleted", async () => {
    const file = join(folder, "deleted");
    await provider.delete(COMMAND, { delete: `echo "$PULUMI_COMMAND_STDOUT" >${file}`, stdout: "made", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe("made\n");
  });

  test("read gives back what is known", async () => {
    const state = { create: "true", stdout: "made", stderr: "" };
    expect(await provider.read(COMMAND, { create: "true" }, state)).toEqual({ inputs: { create: "true" }, state });
  });

  test("what it needs is named where it is missing", async () => {
    const create = (inputs: object) => provider.create(COMMAND, { create: "true", ...inputs });
    await expect(create({ dir: "/nowhere" })).rejects.toThrow('dir: should be an existing folder, got "/nowhere"');
    await expect(create({ interpreter: ["/no/sh"] })).rejects.toThrow(`interpreter: can't start "/no/sh": ENOENT`);
    await expect(create({ assetPaths: ["*"] })).rejects.toThrow("assetPaths: not supported by the stand-in");
  });
});

describe("a command that fails", () => {
  const failing = { create: "echo out; echo err >&2; exit 3" };
  const fail = (inputs: object) => provider.create(COMMAND, { ...failing, ...inputs });

  test("is told with its exit status and what it wrote", async () => {
    await expect(fail({})).rejects.toThrow('exit status 3: running "echo out; echo err >&2; exit 3":\nout\nerr\n');
  });

  test("keeps standard output to itself where it may not be logged", async () => {
    for (const logging of ["none", "stderr"]) {
      await expect(fail({ logging })).rejects.toThrow(/^exit status 3: running "[^"]*":\nerr\n$/);
    }
  });

  test("keeps a command to itself that is a secret", async () => {
    await expect(provider.create(COMMAND, { create: secret("exit 4") })).rejects.toThrow(
      "exit status 4: running [secret]:\n",
    );
  });

  test("may write more than an error can carry", async () => {
    const error = await provider
      .create(COMMAND, { create: "yes é | head -n 500000; echo the end >&2; exit 1" })
      .catch(String);
    expect(error).toMatch(/\[\.\.\. \d+ characters\]/);
    expect(error).toMatch(/the end\n$/);
  });
});

describe("logging", () => {
  test.each([
    [undefined, ["err", "out", "rest"]],
    ["stdoutAndStderr", ["err", "out", "rest"]],
    ["stdout", ["out", "rest"]],
    ["stderr", ["err"]],
    ["none", []],
  ])("%s", async (logging, lines) => {
    const name = `logging-${logging}`;
    const create = "echo out; echo err >&2; printf rest";
    await provider.create(COMMAND, { create, ...(logging ? { logging } : {}) }, false, name);
    const logged = provider.logged.filter((line) => line.urn === urn(COMMAND, name));
    expect(logged.map(({ message }) => message).sort()).toEqual(lines);
    expect(logged.every(({ ephemeral }) => ephemeral)).toBe(true);
  });
});

describe("the end", () => {
  const sleeper = (file: string) => ({ create: `echo $$ >${file}; sleep 60 & wait` });
  const started = (file: string) =>
    waitFor("the command's start", () => existsSync(file) && readFileSync(file, "utf8") !== "");
  const gone = (file: string) => waitFor("the command's end", () => !alive(Number(readFileSync(file, "utf8"))));

  test("a cancelled deployment ends its commands and all that they started", async () => {
    const own = await Provider.start(program);
    const file = join(folder, "cancelled");
    const made = own.create(COMMAND, sleeper(file)).catch(String);
    await started(file);
    await own.cancel();
    expect(await made).toContain("cancelled: running");
    await gone(file);
    await expect(own.create(COMMAND, { create: "true" })).rejects.toThrow("cancelled");
    await own.stop();
  });

  test("a provider without its engine ends, and its commands with it", async () => {
    const own = await Provider.start(program);
    const file = join(folder, "abandoned");
    own.create(COMMAND, sleeper(file)).catch(() => {});
    await started(file);
    expect(await own.stop()).toBe(0);
    await gone(file);
  });
});

/** Whether anything of the group runs: the shell, or the sleep that it started. */
function alive(group: number): boolean {
  return execFileSync("ps", ["-A", "-o", "pgid=,pid="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([pgid, pid]) => pgid === group && pid !== undefined && isRunning(pid));
}
